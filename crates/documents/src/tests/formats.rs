//! What each format gives.

use std::time::{Duration, Instant};

use super::{demo, read};
use crate::{BlockKind, ColumnKind, Document, Error, Options, Request, chunks, parse};

fn kinds(document: &Document, table: usize) -> Vec<(&str, ColumnKind)> {
    document.tables[table]
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.kind))
        .collect()
}

#[test]
fn the_contract_has_pages_a_ruled_table_and_bookmarks() {
    let document = demo("supplier-contract.pdf");
    assert_eq!(document.pages, Some(3));
    assert_eq!(
        document.title.as_deref(),
        Some("Supply agreement: e-bike drive units")
    );
    assert_eq!(document.metadata["author"], "Halden Cycle Works");
    assert_eq!(document.outline.len(), 11);
    let penalty = &document.outline[4];
    assert_eq!(
        (penalty.text.as_str(), penalty.place.page),
        ("5. Late delivery penalty", Some(2))
    );
    let table = &document.tables[0];
    assert_eq!(table.place.page, Some(1));
    assert!(
        table.rows.contains(
            &["BD-400", "Mid drive, 400 W", "312.50", "25"]
                .map(str::to_owned)
                .to_vec()
        ),
        "{:?}",
        table.rows
    );
    let hit = chunks(&document)
        .into_iter()
        .find(|chunk| chunk.text.contains("deduct a late delivery penalty"))
        .unwrap();
    assert_eq!(
        (hit.place.page, hit.heading.as_str()),
        (Some(2), "5. Late delivery penalty")
    );
    assert_eq!(document.text().matches("312.50").count(), 1);
}

#[test]
fn the_post_mortem_has_front_matter_an_outline_a_table_and_code() {
    let document = demo("incident-post-mortem.md");
    assert_eq!(
        document.title.as_deref(),
        Some("Post-mortem, refunds paid twice on 14 September")
    );
    assert_eq!(
        document.metadata["tags"],
        serde_json::json!(["payments", "refunds", "web shop"])
    );
    assert_eq!(document.outline.len(), 5);
    assert_eq!(document.tables[0].row_count, 7);
    assert_eq!(
        document.tables[0].place.heading_path.last().unwrap(),
        "Timeline"
    );
    let code = document
        .blocks
        .iter()
        .find(|block| block.kind == BlockKind::Code)
        .unwrap();
    assert!(code.text.contains("    key = new_key()          # must"));
    let item = document
        .blocks
        .iter()
        .find(|block| block.text.contains("the retry loop"))
        .unwrap();
    assert_eq!(
        (item.kind, item.place.lines),
        (BlockKind::ListItem, Some((35, 35)))
    );
}

#[test]
fn the_orders_have_their_encoding_dialect_and_types_found() {
    let document = demo("orders-export.csv");
    assert_eq!(document.encoding.as_deref(), Some("windows-1252"));
    assert_eq!(document.metadata["delimiter"], ";");
    assert_eq!(document.record_count, 150);
    assert_eq!(
        kinds(&document, 0),
        [
            ("order_id", ColumnKind::Text),
            ("ordered_on", ColumnKind::Date),
            ("customer_no", ColumnKind::Integer),
            ("town", ColumnKind::Text),
            ("item", ColumnKind::Text),
            ("description", ColumnKind::Text),
            ("quantity", ColumnKind::Integer),
            ("unit_price", ColumnKind::Decimal),
            ("total", ColumnKind::Decimal),
            ("shipped", ColumnKind::Boolean),
            ("delivered_on", ColumnKind::Date),
            ("note", ColumnKind::Text),
        ]
    );
    assert!(document.text().contains("Göteborg"));
    assert!(document.text().contains("called twice; prefers e-mail"));
    assert!(
        chunks(&document)[0]
            .text
            .starts_with("order_id: HO-260701; ordered_on: ")
    );
}

#[test]
fn the_telemetry_is_a_table_with_dotted_names() {
    let document = demo("telemetry.jsonl");
    assert_eq!(document.record_count, 60);
    let kinds = kinds(&document, 0);
    assert!(kinds.contains(&("time", ColumnKind::Timestamp)));
    assert!(kinds.contains(&("motor.temperature_c", ColumnKind::Decimal)));
    let event = document.tables[0]
        .columns
        .iter()
        .find(|column| column.name == "event")
        .unwrap();
    assert_eq!(event.nulls, 58);
}

#[test]
fn the_product_page_is_its_main_content() {
    let document = demo("product-page.html");
    assert_eq!(
        document.title.as_deref(),
        Some("Halden Fjord 600: the cargo e-bike")
    );
    let text = document.text();
    assert!(text.contains("two children & the week’s shopping"));
    assert!(
        !text.contains("window.shop") && !text.contains("Cart") && !text.contains("sans-serif")
    );
    assert_eq!(document.tables[0].name, "Models and prices");
    assert_eq!(document.tables[0].columns[4].kind, ColumnKind::Decimal);
    assert_eq!(
        document.tables[0].place.heading_path,
        ["Halden Fjord 600", "Facts"]
    );
    assert_eq!(document.metadata["links"][0]["text"], "full refund");
    assert_eq!(document.warnings[0].code, "outside_main_content");
}

#[test]
fn the_notes_have_paragraphs_with_lines_under_headings() {
    let document = demo("meeting-notes.txt");
    assert_eq!(
        document.title.as_deref(),
        Some("Quarter-end review, Halden Cycle Works")
    );
    let hit = chunks(&document)
        .into_iter()
        .find(|chunk| chunk.text.contains("1,687.50"))
        .unwrap();
    assert_eq!(
        hit.heading,
        "Quarter-end review, Halden Cycle Works › 1. Suppliers"
    );
    assert_eq!(hit.place.lines.unwrap().0, 7);
}

#[test]
fn text_is_read_in_any_common_encoding() {
    let words = "Grüße aus Köln: die Lieferung ist spät, Größe und Maß stimmen.\n";
    let wide = |bytes: fn(u16) -> [u8; 2], mark: bool| -> Vec<u8> {
        let mark = if mark { "\u{feff}" } else { "" };
        format!("{mark}{words}")
            .encode_utf16()
            .flat_map(bytes)
            .collect()
    };
    let latin = encoding_rs::WINDOWS_1252.encode(words).0.into_owned();
    let cyrillic = "Поставка задерживается на три недели, штраф полтора процента.\n";
    let cases = [
        (words.as_bytes().to_vec(), "UTF-8", words),
        (format!("\u{feff}{words}").into_bytes(), "UTF-8", words),
        (wide(u16::to_le_bytes, true), "UTF-16LE", words),
        (wide(u16::to_be_bytes, true), "UTF-16BE", words),
        (wide(u16::to_le_bytes, false), "UTF-16LE", words),
        (wide(u16::to_be_bytes, false), "UTF-16BE", words),
        (latin, "windows-1252", words),
        (
            encoding_rs::WINDOWS_1251.encode(cyrillic).0.into_owned(),
            "windows-1251",
            cyrillic,
        ),
    ];
    for (bytes, encoding, text) in cases {
        let document = read("a.txt", &bytes).unwrap();
        assert_eq!(document.encoding.as_deref(), Some(encoding));
        assert_eq!(document.text(), text.trim_end());
    }
}

#[test]
fn one_broken_byte_does_not_spoil_utf8() {
    let document = read(
        "a.txt",
        b"Gr\xc3\xbc\xc3\x9fe, sch\xc3\xb6n, m\xc3\xb6glich, f\xc3\xbcr \xff alle\n",
    )
    .unwrap();
    assert_eq!(document.encoding.as_deref(), Some("UTF-8"));
    assert!(
        document
            .text()
            .contains("Grüße, schön, möglich, für \u{fffd} alle")
    );
    assert_eq!(document.warnings[0].code, "undecodable_bytes");
}

#[test]
fn control_characters_are_left_out_and_lines_kept() {
    let document = read("a.txt", b"one\x07\r\ntwo\rthree\n\nfour").unwrap();
    assert_eq!(document.text(), "one\ntwo\nthree\n\nfour");
    assert_eq!(document.blocks[1].place.lines, Some((5, 5)));
    assert_eq!(document.warnings[0].code, "control_characters");
}

#[test]
fn ragged_rows_are_reported_and_kept() {
    let document = read("a.csv", b"a,b\n1,2\n3\n4,5,6\n").unwrap();
    let table = &document.tables[0];
    assert_eq!(table.rows[1], ["3"]);
    assert_eq!(table.rows[2], ["4", "5", "6"]);
    assert_eq!(table.columns[2].name, "column_3");
    assert_eq!(table.columns[2].nulls, 2);
    assert_eq!(document.warnings.len(), 2);
    assert_eq!(
        document.warnings[1].message,
        "row 3 has 3 cells, the first record has 2"
    );
    assert_eq!(document.warnings[1].place.lines, Some((4, 4)));
}

#[test]
fn a_table_without_header_keeps_its_first_row() {
    let document = read("a.csv", b"1,2026-01-01\n2,2026-01-02\n").unwrap();
    assert_eq!(document.tables[0].row_count, 2);
    assert_eq!(document.tables[0].columns[0].name, "column_1");
}

#[test]
fn rows_beyond_the_limit_are_counted_and_typed() {
    let numbers: Vec<String> = (0..50)
        .map(|n| {
            format!(
                "{n}
"
            )
        })
        .collect();
    let text = format!(
        "n
{}x
",
        numbers.concat()
    );
    let request = Request {
        options: Options {
            rows_max: 10,
            ..Options::default()
        },
        ..Request::new("a.csv")
    };
    let document = parse(&request, text.as_bytes()).unwrap();
    let table = &document.tables[0];
    assert_eq!(
        (table.rows.len(), table.row_count, table.columns[0].kind),
        (10, 51, ColumnKind::Text)
    );
    assert_eq!(document.warnings[0].code, "rows_left_out");
}

#[test]
fn a_million_columns_are_refused_with_the_limit() {
    for columns in [20_000, 1_000_000, 4_000_000] {
        let line = "1,".repeat(columns);
        let error = read("a.csv", line.as_bytes()).unwrap_err();
        assert!(
            error.to_string().contains("16384 columns in a row"),
            "{error}"
        );
    }
}

#[test]
fn json_keeps_digits_and_repeated_names() {
    let document = read(
        "a.json",
        br#"[{"n": 12345678901234567890123, "p": 1.10, "p": 2, "o": {"x": [1,2]}}]"#,
    )
    .unwrap();
    let table = &document.tables[0];
    assert_eq!(
        table.rows[0],
        ["12345678901234567890123", "1.10; 2", "[1,2]"]
    );
    assert_eq!(table.columns[2].name, "o.x");
    assert_eq!(document.warnings[0].code, "duplicate_name");
}

#[test]
fn json_objects_are_lines_and_nested_arrays_tables() {
    let document = demo("order.json");
    assert_eq!(document.title.as_deref(), Some("Order"));
    assert_eq!(document.tables[0].name, "lines");
    assert_eq!(document.tables[0].rows[1], ["b", "2.50"]);
    assert!(document.text().contains("tags: x, 3"));
}

#[test]
fn broken_json_says_where() {
    let error = read("a.json", b"{\"a\": 1,\n \"b\": }")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("line 2, column 7: expected value"),
        "{error}"
    );
}

#[test]
fn bad_lines_of_json_lines_are_reported_and_the_good_ones_kept() {
    let document = read("a.jsonl", b"{\"a\": 1}\n{\"a\": \n\n{\"a\": 3}\n").unwrap();
    assert_eq!(document.record_count, 2);
    assert_eq!(document.warnings[0].place.lines, Some((2, 2)));
    assert_eq!(document.blocks[1].text, "{\"a\":");
}

#[test]
fn deep_nesting_is_refused_or_read_in_no_time() {
    let started = Instant::now();
    let deep = 200_000;
    let json = "[".repeat(deep);
    assert!(matches!(
        read("a.json", json.as_bytes()),
        Err(Error::TooLarge { .. })
    ));
    let json = format!("{}1{}", "{\"a\":".repeat(deep), "}".repeat(deep));
    assert!(matches!(
        read("a.json", json.as_bytes()),
        Err(Error::TooLarge { .. })
    ));
    let html = format!(
        "<html>{}deep{}",
        "<div><p>".repeat(deep),
        "</div>".repeat(deep)
    );
    assert_eq!(read("a.html", html.as_bytes()).unwrap().text(), "deep");
    let tables = format!("<html>{}deep", "<table><tr><td>".repeat(5_000));
    assert!(
        read("a.html", tables.as_bytes())
            .unwrap()
            .text()
            .contains("deep")
    );
    for mark in [">", "- ", "[", "*a_", "`", "<a", "![", "|a"] {
        let text = mark.repeat(20_000);
        assert!(read("a.md", text.as_bytes()).is_ok());
    }
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn html_bombs_are_refused_or_stay_small() {
    let attributes: Vec<String> = (0..100_000).map(|n| format!(" a{n}=1")).collect();
    let attributes = attributes.concat();
    let html = format!("<html><p{attributes}>x</p>");
    assert!(matches!(
        read("a.html", html.as_bytes()),
        Err(Error::TooLarge { .. })
    ));
    let html = format!("<html><p a=\">\"{attributes}>x</p>");
    assert!(matches!(
        read("a.html", html.as_bytes()),
        Err(Error::TooLarge { .. })
    ));
    let rows = "<tr><td colspan=1000 rowspan=65000>x</td></tr>".repeat(3_000);
    let document = read("a.html", format!("<html><table>{rows}</table>").as_bytes()).unwrap();
    let cells: usize = document.tables[0].rows.iter().map(Vec::len).sum();
    assert!(cells < 300_000, "{cells}");
}

#[test]
fn merged_cells_of_html_cover_their_rows_and_columns() {
    let html =
        b"<html><table><tr><th>a<th>b<th>c<tr><td rowspan=2>1<td colspan=2>2<tr><td>3<td>4</table>";
    let document = read("a.html", html).unwrap();
    assert_eq!(document.tables[0].rows, [["1", "2", ""], ["1", "3", "4"]]);
}

#[test]
fn html_uses_its_declared_charset() {
    let document = read(
        "a.html",
        b"<html><meta charset=iso-8859-2><p>\xb3\xf3d\xbc</p>",
    )
    .unwrap();
    assert_eq!(document.text(), "łódź");
}

#[test]
fn damaged_pdfs_are_errors() {
    let bytes = super::FILES[0].1;
    for cut in [5, 9, 40, 200] {
        let error = read("a.pdf", &bytes[..cut]).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{cut}: {error}");
    }
}

#[test]
fn pages_that_hold_each_other_are_refused_at_once() {
    let text = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [2 0 R 2 0 R 2 0 R] /Count 1000000 >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n";
    let refusal = read("a.pdf", text).unwrap_err().to_string();
    assert!(refusal.contains("its pages hold each other"), "{refusal}");
}

#[test]
fn an_encrypted_pdf_says_so() {
    let text = String::from_utf8_lossy(super::FILES[0].1).contains("/Info");
    assert!(text);
    let mut bytes = super::FILES[0].1.to_vec();
    let at = memchr::memmem::rfind(&bytes, b"/Root").unwrap();
    let entry = format!(
        "/Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O ({}) /U ({}) >> /ID [(0123456789abcdef) (0123456789abcdef)] ",
        "o".repeat(32),
        "u".repeat(32)
    );
    bytes.splice(at..at, entry.bytes());
    let error = read("a.pdf", &bytes).unwrap_err();
    assert!(matches!(error, Error::Encrypted { .. }), "{error:?}");
}

#[test]
fn a_long_name_is_not_repeated_for_every_value_below_it() {
    let name = "n".repeat(1_000_000);
    let values: Vec<String> = (0..5_000).map(|n| format!("\"k{n}\": {n}")).collect();
    let values = values.join(",");
    let cases = [
        ("a.json", format!("{{\"{name}\": {{{values}}}}}")),
        ("a.json", format!("[{{\"{name}\": {{{values}}}}}]")),
        ("a.md", format!("# {name}\n{}", "\npara\n".repeat(5_000))),
        (
            "a.html",
            format!("<html><h1>{name}</h1>{}", "<p>para".repeat(5_000)),
        ),
        ("a.csv", format!("{name},b\n{}", "1,2\n".repeat(5_000))),
    ];
    for (file, text) in cases {
        let document = read(file, text.as_bytes()).unwrap();
        let size = serde_json::to_string(&(chunks(&document), &document))
            .unwrap()
            .len();
        assert!(size < 10_000_000, "{file} grew to {size} bytes");
    }
}
