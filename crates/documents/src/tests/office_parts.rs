//! Packages made for a test: what well-behaved producers never write, and bombs.

use std::io::{Cursor, Write as _};

use proptest::prelude::*;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::read;
use crate::{Document, Error, Format};

const W: &str = "xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'";
const TYPES: &str = "<Types><Override ContentType='application/vnd.openxmlformats-officedocument.KIND.main+xml'/></Types>";

fn package(parts: &[(&str, &str)]) -> Vec<u8> {
    let parts: Vec<_> = parts
        .iter()
        .map(|(name, content)| (*name, content.as_bytes()))
        .collect();
    package_of(&parts)
}

fn package_of(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn word(body: &str) -> Result<Document, Error> {
    let types = TYPES.replace("KIND", "wordprocessingml.document");
    let main = format!("<w:document {W}><w:body>{body}</w:body></w:document>");
    read(
        "a.docx",
        &package(&[
            ("[Content_Types].xml", &types),
            ("word/document.xml", &main),
        ]),
    )
}

/// A workbook of one sheet with these rows.
fn sheet(rows: &str) -> Result<Document, Error> {
    workbook(rows, "<sst/>")
}

fn workbook(rows: &str, strings: &str) -> Result<Document, Error> {
    let relation = |id: &str, kind: &str, target: &str| {
        format!("<Relationship Id='{id}' Type='http://x/relationships/{kind}' Target='{target}'/>")
    };
    let related = format!(
        "<Relationships>{}{}</Relationships>",
        relation("r1", "worksheet", "sheet1.xml"),
        relation("r2", "sharedStrings", "/xl/strings.xml")
    );
    read(
        "a.xlsx",
        &package(&[
            (
                "[Content_Types].xml",
                &TYPES.replace("KIND", "spreadsheetml.sheet"),
            ),
            (
                "xl/workbook.xml",
                "<workbook xmlns:r='x'><sheets><sheet name='S' r:id='r1'/></sheets></workbook>",
            ),
            ("xl/_rels/workbook.xml.rels", &related),
            ("xl/strings.xml", strings),
            (
                "xl/sheet1.xml",
                &format!("<worksheet><sheetData>{rows}</sheetData></worksheet>"),
            ),
        ]),
    )
}

#[test]
fn entities_of_the_file_are_shown_never_expanded() {
    let document = word("<w:p><w:r><w:t>a &boom; &amp; &#x62;</w:t></w:r></w:p>").unwrap();
    assert_eq!(document.text(), "a &boom; & b");
    assert_eq!(document.warnings[0].code, "custom_entities");
}

#[test]
fn deep_nesting_is_refused() {
    let error = word(&format!("{}{}", "<w:x>".repeat(300), "</w:x>".repeat(300))).unwrap_err();
    assert_eq!(error.code(), "too_large");
    let deep = "<w:tbl><w:tr><w:tc>".repeat(80)
        + "<w:p><w:r><w:t>x</w:t></w:r></w:p>"
        + &"</w:tc></w:tr></w:tbl>".repeat(80);
    assert_eq!(word(&deep).unwrap().text(), "x");
}

#[test]
fn a_part_that_ends_too_early_is_damage() {
    let error = read(
        "a.docx",
        &package(&[
            (
                "[Content_Types].xml",
                &TYPES.replace("KIND", "wordprocessingml.document"),
            ),
            ("word/document.xml", "<w:document><w:body><w:p>"),
        ]),
    )
    .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the file is damaged: `word/document.xml` in it cannot be read"),
        "{error}"
    );
}

#[test]
fn an_archive_bomb_is_refused() {
    let document = word(&format!(
        "<w:p><w:r><w:t>{}</w:t></w:r></w:p>",
        " ".repeat(80 << 20)
    ));
    let error = document.unwrap_err();
    assert!(
        error.to_string().contains("as an archive bomb does"),
        "{error}"
    );
}

#[test]
fn a_package_without_its_main_part_is_damage() {
    let types = TYPES.replace("KIND", "wordprocessingml.document");
    let error = read("a.docx", &package(&[("[Content_Types].xml", &types)])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the file is damaged: its main part `word/document.xml` is missing; send an intact copy"
    );
}

#[test]
fn a_style_loop_ends() {
    let types = TYPES.replace("KIND", "wordprocessingml.document");
    let related =
        "<Relationships><Relationship Id='a' Type='x/styles' Target='styles.xml'/></Relationships>";
    let styles = format!(
        "<w:styles {W}><w:style w:styleId='A'><w:name w:val='One'/><w:basedOn w:val='B'/></w:style>\
         <w:style w:styleId='B'><w:name w:val='Two'/><w:basedOn w:val='A'/><w:pPr><w:outlineLvl w:val='2'/></w:pPr></w:style></w:styles>"
    );
    let main = format!(
        "<w:document {W}><w:body><w:p><w:pPr><w:pStyle w:val='A'/></w:pPr><w:r><w:t>x</w:t></w:r></w:p></w:body></w:document>"
    );
    let document = read(
        "a.docx",
        &package(&[
            ("[Content_Types].xml", &types),
            ("word/document.xml", &main),
            ("word/_rels/document.xml.rels", related),
            ("word/styles.xml", &styles),
        ]),
    )
    .unwrap();
    assert_eq!(document.outline[0].level, 3);
}

#[test]
fn rendered_and_explicit_page_breaks_count_once() {
    let text = |text: &str| format!("<w:r><w:t>{text}</w:t></w:r>");
    let body = format!(
        "<w:p>{}<w:r><w:br w:type='page'/></w:r></w:p><w:p><w:r><w:lastRenderedPageBreak/></w:r>{}</w:p><w:p><w:r><w:lastRenderedPageBreak/></w:r>{}</w:p>",
        text("one"),
        text("two"),
        text("three")
    );
    let document = word(&body).unwrap();
    assert_eq!(document.pages, Some(3));
    let pages: Vec<_> = document
        .blocks
        .iter()
        .map(|block| block.place.page)
        .collect();
    assert_eq!(pages, [Some(1), Some(2), Some(3)]);
    assert_eq!(
        word(&format!("<w:p>{}</w:p>", text("one"))).unwrap().pages,
        None
    );
}

#[test]
fn a_deleted_row_is_gone_and_merged_cells_are_filled_down() {
    let cell = |inner: &str| format!("<w:tc>{inner}</w:tc>");
    let text = |text: &str| format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>");
    let begins = "<w:tcPr><w:vMerge w:val='restart'/></w:tcPr>";
    let goes_on = "<w:tcPr><w:vMerge/></w:tcPr><w:p/>";
    let rows = [
        (
            "<w:trPr><w:tblHeader/></w:trPr>",
            cell(&text("A")) + &cell(&text("B")),
        ),
        (
            "",
            cell(&format!("{begins}{}", text("x"))) + &cell(&text("1")),
        ),
        (
            "<w:trPr><w:del w:id='1'/></w:trPr>",
            cell(&text("gone")) + &cell(&text("9")),
        ),
        ("", cell(goes_on) + &cell(&text("2"))),
    ];
    let rows = rows.map(|(properties, cells)| format!("<w:tr>{properties}{cells}</w:tr>"));
    let rows = rows.concat();
    let table = &word(&format!("<w:tbl>{rows}</w:tbl>")).unwrap().tables[0];
    assert_eq!(table.columns[0].name, "A");
    assert_eq!(table.rows, [["x", "1"], ["x", "2"]]);
}

#[test]
fn a_sheet_that_claims_everything_is_read_as_it_is() {
    let rows = "<row r='1'><c r='A1'><v>1</v></c></row><row r='1048576'><c r='XFD1048576'><v>2</v></c></row>";
    let document = sheet(rows).unwrap();
    assert_eq!(document.text(), "S\n\n1\n\n2");
    let strings = "<sst uniqueCount='18446744073709551615' count='9'><si><t>a</t><rPh><t>reading</t></rPh></si></sst>";
    let document = workbook("<row><c t='s'><v>0</v></c></row>", strings).unwrap();
    assert_eq!(document.text(), "S\n\na");
    let error = workbook("<row><c t='s'><v>7</v></c></row>", strings).unwrap_err();
    assert_eq!(error.code(), "damaged");
    assert_eq!(
        sheet("<row r='4000000000'><c><v>1</v></c></row>")
            .unwrap_err()
            .code(),
        "too_large"
    );
    assert_eq!(
        sheet("<row r='1'><c r='ZZZZZ1'><v>1</v></c></row>")
            .unwrap_err()
            .code(),
        "too_large"
    );
}

#[test]
fn one_empty_row_parts_tables_only_before_a_header() {
    let row = |number: u32, cells: &[&str]| {
        let cells: Vec<_> = cells
            .iter()
            .map(|cell| format!("<c t='str'><v>{cell}</v></c>"))
            .collect();
        let cells = cells.concat();
        format!("<row r='{number}'>{cells}</row>")
    };
    let rows = [
        row(1, &["name", "town"]),
        row(2, &["Ann", "Oslo 1"]),
        row(4, &["Bo", "Oslo 2"]),
        row(5, &["Cy", "Oslo 3"]),
        row(7, &["part", "count"]),
        row(8, &["bolt", "4"]),
    ];
    let document = sheet(&rows.concat()).unwrap();
    let names: Vec<_> = document
        .tables
        .iter()
        .map(|table| table.name.as_str())
        .collect();
    assert_eq!(names, ["S!A1:B5", "S!A7:B8"]);
    // The empty row stays, so that rows of the table are rows of the sheet.
    assert_eq!(document.tables[0].row_count, 4);
    assert!(document.tables[0].rows[1].is_empty());
}

#[test]
fn repeated_cells_of_a_spreadsheet_have_a_limit() {
    let content = |row: &str| {
        let content = format!(
            "<office:document-content xmlns:office='o' xmlns:table='t' xmlns:text='x'><office:body><office:spreadsheet>\
             <table:table table:name='T'>{row}</table:table></office:spreadsheet></office:body></office:document-content>"
        );
        read(
            "a.ods",
            &package(&[
                ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
                ("content.xml", &content),
            ]),
        )
    };
    let cell = "<table:table-cell table:number-columns-repeated='16384' office:value-type='float' office:value='1'/>";
    let error = content(&format!(
        "<table:table-row table:number-rows-repeated='1000000'>{cell}</table:table-row>"
    ))
    .unwrap_err();
    assert_eq!(error.code(), "too_large");
    let few = "<table:table-row table:number-rows-repeated='3'><table:table-cell office:value-type='float' office:value='1'/><table:table-cell table:number-columns-repeated='2' office:value-type='string'><text:p>a<text:s text:c='9999999999'/>b</text:p></table:table-cell></table:table-row>";
    let document = content(few).unwrap();
    assert_eq!(document.tables[0].row_count, 3);
    assert_eq!(document.tables[0].rows[2].len(), 3);
    assert_eq!(content("<table:table-row>").unwrap_err().code(), "damaged");
}

/// A record of a binary workbook: its type, its length, its content.
fn record(kind: u16, content: &[u8]) -> Vec<u8> {
    let low = u8::try_from(kind & 0x7f).unwrap();
    let mut bytes = match kind >> 7 {
        0 => vec![low],
        high => vec![low | 0x80, u8::try_from(high).unwrap()],
    };
    bytes.push(u8::try_from(content.len()).unwrap());
    bytes.extend_from_slice(content);
    bytes
}

fn wide(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut bytes = u32::try_from(units.len()).unwrap().to_le_bytes().to_vec();
    bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
    bytes
}

/// No free library writes these files: this one is laid out by hand after [MS-XLSB], 2.1.7.
#[test]
fn a_binary_workbook_is_read_with_its_hidden_sheet() {
    let bundle = [[1, 0, 0, 0, 1, 0, 0, 0].to_vec(), wide("r1"), wide("Stock")].concat();
    let book = [
        record(0x83, &[]),
        record(0x9c, &bundle),
        record(0x90, &[]),
        record(0x84, &[]),
    ]
    .concat();
    let cell = |column: u8| [column, 0, 0, 0, 0, 0, 0, 0].to_vec();
    let text = |column: u8, text: &str| record(6, &[cell(column), wide(text)].concat());
    let row = |number: u8| record(0, &[number, 0, 0, 0]);
    let mut sheet = [record(0x81, &[]), record(0x94, &[0; 16]), record(0x91, &[])].concat();
    sheet.extend([row(2), text(1, "part"), text(2, "count")].concat());
    sheet.extend(
        [
            row(3),
            text(1, "bolt"),
            record(5, &[cell(2), 2.5_f64.to_le_bytes().to_vec()].concat()),
        ]
        .concat(),
    );
    sheet.extend(
        [
            row(4),
            text(1, "nut"),
            record(3, &[cell(2), vec![7]].concat()),
        ]
        .concat(),
    );
    sheet.extend(record(0x92, &[]));
    let types = "<Types><Override ContentType='application/vnd.ms-excel.sheet.binary.macroEnabled.main'/></Types>";
    let related = "<Relationships><Relationship Id='r1' Type='x/worksheet' Target='worksheets/sheet1.bin'/></Relationships>";
    let parts: [(&str, &[u8]); 4] = [
        ("[Content_Types].xml", types.as_bytes()),
        ("xl/workbook.bin", &book),
        ("xl/_rels/workbook.bin.rels", related.as_bytes()),
        ("xl/worksheets/sheet1.bin", &sheet),
    ];
    let document = read("stock.xlsb", &package_of(&parts)).unwrap();
    assert_eq!(document.format, Format::Xlsb);
    let table = &document.tables[0];
    assert_eq!(table.name, "Stock!B3:C5");
    assert_eq!(table.columns[1].name, "count");
    assert_eq!(table.rows, [["bolt", "2.5"], ["nut", "#DIV/0!"]]);
    assert_eq!(document.metadata["sheets"][0]["visibility"], "hidden");
    assert_eq!(document.warnings[0].code, "error_values");
    for end in 0..sheet.len() {
        let mut cut = parts;
        cut[3].1 = &sheet[..end];
        let _ = read("stock.xlsb", &package_of(&cut));
    }
}

#[test]
fn a_table_stands_on_the_page_where_it_begins() {
    let cell = |inner: &str, text: &str| {
        format!("<w:tc><w:p><w:r>{inner}<w:t>{text}</w:t></w:r></w:p></w:tc>")
    };
    let turn = "<w:lastRenderedPageBreak/>";
    let rows = [
        cell(turn, "name") + &cell("", "town"),
        cell("", "Ann") + &cell("", "1"),
        cell(turn, "Bo") + &cell("", "2"),
    ];
    let rows = rows.map(|cells| format!("<w:tr>{cells}</w:tr>")).concat();
    let document = word(&format!(
        "<w:p><w:r><w:t>before</w:t></w:r></w:p><w:tbl>{rows}</w:tbl>"
    ))
    .unwrap();
    assert_eq!(
        (document.tables[0].place.page, document.pages),
        (Some(2), Some(3))
    );
}

#[test]
fn rows_in_disorder_are_all_kept() {
    let document = sheet("<row r='5'><c r='A5'><v>5</v></c><c r='B5'><v>50</v></c></row><row r='3'><c r='B3'><v>30</v></c><c r='A3'><v>3</v></c></row>").unwrap();
    assert_eq!(document.tables[0].rows, [["5", "50"], ["3", "30"]]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_soup_of_tags_panics(body in "(<(/?)w:(p|r|t|tbl|tr|tc|txbxContent|pPr|br|hyperlink|del)>|[a-c \n]){0,80}") {
        let _ = word(&body);
    }

    #[test]
    fn no_soup_of_cells_panics(cells in "(<row r='[0-9]{1,3}'>|</row>|<c r='[A-C][0-9]{1,2}'( t='(s|b|e|d|str)')?><v>[0-9.e-]{0,5}</v></c>){0,40}") {
        let _ = sheet(&cells);
    }
}
