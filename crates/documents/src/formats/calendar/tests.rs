//! What calendars give that the corpus does not show.

use crate::{Request, parse};

#[test]
fn busy_times_and_journals_are_tables_too() {
    let text = "BEGIN:VCALENDAR\nBEGIN:VFREEBUSY\nUID:f\nDTSTART:20260302T000000Z\nFREEBUSY;FBTYPE=BUSY:20260302T080000Z/PT1H,20260302T100000Z/20260302T110000Z\nEND:VFREEBUSY\nBEGIN:VJOURNAL\nUID:j\nSUMMARY:Notes\\, first\nDTSTART;VALUE=DATE:20260302\nEND:VJOURNAL\nEND:VCALENDAR\n";
    let document = parse(&Request::new("a.ics"), text.as_bytes()).unwrap();
    assert_eq!(
        document.tables[0].rows,
        [["j", "Notes, first", "2026-03-02"]]
    );
    assert_eq!(
        document.tables[1].rows[0][4],
        "2026-03-02T08:00:00Z/PT1H, 2026-03-02T10:00:00Z/2026-03-02T11:00:00Z"
    );
    assert_eq!(document.record_count, 2);
}

#[test]
fn a_character_cut_in_two_by_folding_is_whole_again() {
    let text = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Gr\xc3\r\n \xb6\xc3\x9fe\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let document = parse(&Request::new("a.ics"), text).unwrap();
    assert_eq!(document.outline[0].text, "Gr\u{f6}\u{df}e");
    assert_eq!(document.outline[0].place.lines, Some((2, 5)));
}

#[test]
fn deep_nesting_and_many_events_end_in_time() {
    let deep = "BEGIN:VCALENDAR\n".to_owned() + &"BEGIN:X\n".repeat(200_000);
    let _ = parse(&Request::new("a.ics"), deep.as_bytes());
    let many =
        "BEGIN:VCALENDAR\n".to_owned() + &"BEGIN:VEVENT\nSUMMARY:a\nEND:VEVENT\n".repeat(5_000);
    let document = parse(&Request::new("a.ics"), many.as_bytes()).unwrap();
    assert_eq!(document.tables[0].row_count, 5_000);
}
