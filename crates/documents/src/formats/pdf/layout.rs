//! Where words stand on a page: lines, columns of prose, and the order to read them in.

use pdf_oxide::layout::Word;

/// Pages with more words than this are not looked at: it is no prose, and the search for columns is quadratic in lines.
const WORDS_MAX: usize = 20_000;
const LINES_MAX: usize = 600;
/// Points of free space that part two columns.
const GUTTER_POINTS: u16 = 9;
/// Lines that each column of prose has at least, and characters of a line on average.
const COLUMN_LINES_MIN: usize = 6;
const COLUMN_CHARACTERS_MIN: usize = 18;
/// How many columns within columns are looked for.
const DEPTH_MAX: usize = 3;
/// Points of a page's width that are told apart.
const WIDTH: u16 = 2_048;
const WORDS: usize = WIDTH as usize / 64;

/// A line of words.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Its words from left to right.
    pub(super) words: Vec<Placed>,
    /// Its lower edge; it grows upwards.
    pub(super) bottom: f32,
    /// The height of its highest word.
    pub(super) height: f32,
}

/// A word, or several, with its left and right edge in points.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) left: f32,
    pub(super) right: f32,
    pub(super) text: String,
}

/// The lines of a page from top to bottom; none where there are too many.
pub(super) fn lines(words: &[Word]) -> Vec<Line> {
    if words.len() > WORDS_MAX {
        return Vec::new();
    }
    let is_finite = |word: &&Word| {
        [word.bbox.x, word.bbox.y, word.bbox.width, word.bbox.height]
            .iter()
            .all(|value| value.is_finite())
    };
    let mut words: Vec<&Word> = words.iter().filter(is_finite).collect();
    words.sort_by(|a, b| {
        b.bbox
            .y
            .total_cmp(&a.bbox.y)
            .then(a.bbox.x.total_cmp(&b.bbox.x))
    });
    let mut lines: Vec<Line> = Vec::new();
    for word in words {
        let placed = Placed {
            left: word.bbox.x,
            right: word.bbox.x + word.bbox.width,
            text: word.text.trim().to_owned(),
        };
        let height = word.bbox.height.max(1.0);
        match lines.last_mut() {
            // Two points: letters of one line stand that far apart where their sizes differ.
            Some(line) if (line.bottom - word.bbox.y).abs() <= 2.0 => {
                line.height = line.height.max(height);
                line.words.push(placed);
            }
            _ => lines.push(Line {
                words: vec![placed],
                bottom: word.bbox.y,
                height,
            }),
        }
    }
    for line in &mut lines {
        line.words.sort_by(|a, b| a.left.total_cmp(&b.left));
    }
    if lines.len() > LINES_MAX {
        Vec::new()
    } else {
        lines
    }
}

/// The text of a page that has columns of prose, each read to its end; none where there are no columns.
pub(super) fn columns(lines: &[Line]) -> Option<String> {
    let mut text = String::new();
    write_region(&mut text, lines, DEPTH_MAX).then_some(text)
}

/// Write the lines, columns one after the other; says whether there are columns.
fn write_region(text: &mut String, lines: &[Line], depth: usize) -> bool {
    let gutter = if depth == 0 { None } else { gutter(lines) };
    let Some((first, last, at)) = gutter else {
        write_lines(text, lines);
        return false;
    };
    write_region(text, lines.get(..first).unwrap_or_default(), depth - 1);
    let (left, right) = split(lines.get(first..=last).unwrap_or_default(), at);
    for side in [left, right] {
        write_region(text, &side, depth - 1);
    }
    write_region(text, lines.get(last + 1..).unwrap_or_default(), depth - 1);
    true
}

fn write_lines(text: &mut String, lines: &[Line]) {
    let mut pitches: Vec<f32> = lines
        .windows(2)
        .map(|pair| pair[0].bottom - pair[1].bottom)
        .collect();
    pitches.sort_by(f32::total_cmp);
    let usual = pitches.get(pitches.len() / 2).copied().unwrap_or(0.0);
    let mut above: Option<&Line> = None;
    for line in lines {
        // A wider step, or letters of another size, begin a paragraph.
        let parts = above.is_some_and(|above| {
            above.bottom - line.bottom > usual * 1.3 || (above.height - line.height).abs() > 1.5
        });
        text.push_str(if parts { "\n\n" } else { "\n" });
        let words: Vec<&str> = line.words.iter().map(|word| word.text.as_str()).collect();
        text.push_str(&words.join(" "));
        above = Some(line);
    }
    text.push_str("\n\n");
}

fn split(lines: &[Line], at: f32) -> (Vec<Line>, Vec<Line>) {
    let side = |is_left: bool| {
        let kept = lines.iter().map(|line| Line {
            words: line
                .words
                .iter()
                .filter(|word| (word.left < at) == is_left)
                .cloned()
                .collect(),
            ..*line
        });
        kept.filter(|line| !line.words.is_empty()).collect()
    };
    (side(true), side(false))
}

/// Which points of the width a line covers, one bit each.
type Mask = [u64; WORDS];

fn mask(line: &Line) -> Mask {
    let mut mask = [0; WORDS];
    for word in &line.words {
        let (left, right) = (point(word.left), point(word.right));
        for at in left..=right {
            mask[usize::from(at / 64)] |= 1 << (at % 64);
        }
    }
    mask
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the width before"
)]
fn point(x: f32) -> u16 {
    x.clamp(0.0, f32::from(WIDTH - 1)) as u16
}

/// The longest run of lines with a free strip between columns of prose: first and last line, and where the strip is.
fn gutter(lines: &[Line]) -> Option<(usize, usize, f32)> {
    let masks: Vec<Mask> = lines.iter().map(mask).collect();
    let mut best: Option<(usize, usize, f32)> = None;
    for first in 0..lines.len() {
        let enough = best.map_or(COLUMN_LINES_MIN, |(first, last, _)| last - first + 1);
        if lines.len() - first <= enough {
            break;
        }
        let mut union = [0; WORDS];
        // The strip only narrows as lines are added: the longest run is the one before it is gone.
        let mut found = None;
        for (last, mask) in masks.iter().enumerate().skip(first) {
            union
                .iter_mut()
                .zip(mask)
                .for_each(|(all, line)| *all |= line);
            let strips = strips(&union);
            if strips.is_empty() && last > first + COLUMN_LINES_MIN {
                break;
            }
            if last - first + 1 > enough {
                let run = lines.get(first..=last).unwrap_or_default();
                let strip = strips.into_iter().find(|at| is_prose(run, *at));
                found = strip.map(|at| (first, last, at)).or(found);
            }
        }
        best = found.or(best);
    }
    best
}

/// The middles of the free strips that have something on both sides.
fn strips(mask: &Mask) -> Vec<f32> {
    let mut strips = Vec::new();
    let mut free_from: Option<u16> = None;
    for at in 0..WIDTH {
        if mask[usize::from(at / 64)] & (1 << (at % 64)) == 0 {
            continue;
        }
        if let Some(from) = free_from.filter(|from| at - from >= GUTTER_POINTS) {
            strips.push(f32::from(from + at) / 2.0);
        }
        free_from = Some(at + 1);
    }
    strips
}

/// Whether both sides of the strip are lines of running text, and not the cells of a table.
fn is_prose(lines: &[Line], at: f32) -> bool {
    [true, false].into_iter().all(|is_left| {
        let (mut count, mut characters) = (0, 0);
        for line in lines {
            let words = line.words.iter().filter(|word| (word.left < at) == is_left);
            let length: usize = words.map(|word| word.text.len() + 1).sum();
            count += usize::from(length > 0);
            characters += length;
        }
        count >= COLUMN_LINES_MIN && characters >= count * COLUMN_CHARACTERS_MIN
    })
}
