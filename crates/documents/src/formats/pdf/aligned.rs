//! Tables without rules: cells that stand below each other, line after line.
//!
//! Prose must never become a table, so several things have to agree: three lines at least, the same columns in them, edges
//! that are aligned, and short cells.

use super::layout::{Line, Placed};

/// The least rows, the header counted.
const ROWS_MIN: usize = 3;
/// Points by which aligned edges differ.
const EDGE_POINTS: f32 = 3.0;
/// The most characters of a cell on average.
const CELL_CHARACTERS_MAX: usize = 30;
/// The most steps of a line's height from one row to the next.
const STEP_MAX: f32 = 3.2;

/// The tables among the lines of a page, each as its rows.
pub(super) fn find(lines: &[Line]) -> Vec<Vec<Vec<String>>> {
    let mut tables = Vec::new();
    let mut run: Vec<Vec<Placed>> = Vec::new();
    let mut above: Option<&Line> = None;
    for line in lines {
        let cells = cells(line);
        let is_near =
            above.is_none_or(|above| above.bottom - line.bottom <= STEP_MAX * line.height);
        if cells.len() < 2 || !is_near {
            tables.extend(table(&run));
            run.clear();
        }
        if cells.len() >= 2 {
            run.push(cells);
        }
        above = Some(line);
    }
    tables.extend(table(&run));
    tables
}

/// Words closer than a letter is high belong together.
fn cells(line: &Line) -> Vec<Placed> {
    let mut cells: Vec<Placed> = Vec::new();
    for word in &line.words {
        match cells.last_mut() {
            Some(cell) if word.left - cell.right < line.height => {
                cell.right = cell.right.max(word.right);
                cell.text.push(' ');
                cell.text.push_str(&word.text);
            }
            _ => cells.push(word.clone()),
        }
    }
    cells
}

/// The rows of a run of lines, if it is a table.
fn table(run: &[Vec<Placed>]) -> Option<Vec<Vec<String>>> {
    if run.len() < ROWS_MIN {
        return None;
    }
    let columns = columns(run);
    let width = columns.len();
    let mut rows = Vec::new();
    for line in run {
        let mut row = vec![String::new(); width];
        for cell in line {
            let column = columns
                .iter()
                .position(|(left, right)| cell.left >= *left && cell.right <= *right)?;
            let place = row.get_mut(column)?;
            // Two cells of a line below the same header: these are no columns.
            if !place.is_empty() {
                return None;
            }
            place.clone_from(&cell.text);
        }
        rows.push(row);
    }
    let full = rows
        .iter()
        .filter(|row| row.iter().all(|cell| !cell.is_empty()))
        .count();
    let cells = rows.iter().flatten().filter(|cell| !cell.is_empty());
    let characters: usize = cells.clone().map(|cell| cell.chars().count()).sum();
    let is_short = characters <= cells.count() * CELL_CHARACTERS_MAX;
    let numbers = rows
        .iter()
        .skip(1)
        .filter(|row| row.last().is_some_and(|cell| holds_number(cell)))
        .count();
    // Two columns alone may be a list of terms or a form: numbers make it a table.
    let is_wide = width >= 3 || (width == 2 && numbers + 1 >= rows.len());
    let is_aligned = columns.iter().all(|column| is_aligned(run, *column));
    (is_short && is_wide && is_aligned && full * 5 >= rows.len() * 3).then_some(rows)
}

/// The strips that the cells of all lines cover together.
fn columns(run: &[Vec<Placed>]) -> Vec<(f32, f32)> {
    let mut extents: Vec<(f32, f32)> = run
        .iter()
        .flatten()
        .map(|cell| (cell.left, cell.right))
        .collect();
    extents.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut columns: Vec<(f32, f32)> = Vec::new();
    for (left, right) in extents {
        match columns.last_mut() {
            Some(column) if left <= column.1 => column.1 = column.1.max(right),
            _ => columns.push((left, right)),
        }
    }
    columns
}

/// Whether nearly all cells of a column share their left edge, their right edge or their middle; the header may differ.
fn is_aligned(run: &[Vec<Placed>], (left, right): (f32, f32)) -> bool {
    let cells: Vec<&Placed> = run
        .iter()
        .skip(1)
        .flatten()
        .filter(|cell| cell.left >= left && cell.right <= right)
        .collect();
    let share = |edge: fn(&Placed) -> f32| {
        let mut edges: Vec<f32> = cells.iter().map(|cell| edge(cell)).collect();
        edges.sort_by(f32::total_cmp);
        let middle = edges.get(edges.len() / 2).copied().unwrap_or(0.0);
        let near = edges
            .iter()
            .filter(|edge| (**edge - middle).abs() <= EDGE_POINTS)
            .count();
        near * 5 >= edges.len() * 4
    };
    share(|cell| cell.left)
        || share(|cell| cell.right)
        || share(|cell| f32::midpoint(cell.left, cell.right))
}

fn holds_number(cell: &str) -> bool {
    let digits = cell.chars().filter(char::is_ascii_digit).count();
    digits > 0 && digits * 3 >= cell.chars().filter(|c| c.is_alphanumeric()).count()
}
