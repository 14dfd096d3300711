use std::collections::BTreeMap;

use dayloom_ports::Value;

use super::{LineError, Migrations, Reader, TransferReport, Writer};

fn migrations() -> Migrations {
    vec![("0001_x.sql".to_owned(), "00".to_owned())]
}

fn rows() -> Vec<Vec<Value>> {
    vec![
        vec![Value::Text("a\n\u{0}\"🦀".to_owned()), Value::Integer(i64::MIN)],
        vec![Value::Null, Value::Real(1.0)],
        vec![Value::Text(String::new()), Value::Real(5e-324)],
    ]
}

fn columns() -> Vec<String> {
    vec!["id".to_owned(), "n".to_owned()]
}

fn written() -> (Vec<u8>, TransferReport) {
    let mut lines = Vec::new();
    let tables = BTreeMap::from([("empty".to_owned(), 0), ("things".to_owned(), 3)]);
    let mut writer = Writer::begin(&mut lines, migrations(), tables).expect("memory is written");
    writer.table("empty", &columns()).expect("memory is written");
    writer.table("things", &columns()).expect("memory is written");
    for row in rows() {
        writer.row(&row).expect("memory is written");
    }
    let report = writer.finish().expect("memory is written");
    (lines, report)
}

fn read(lines: &[u8]) -> Result<(Vec<Vec<Value>>, TransferReport), LineError> {
    let tables = ["empty".to_owned(), "things".to_owned()];
    let mut reader = Reader::begin(lines, &migrations(), &tables)?;
    let mut rows = Vec::new();
    for (table, count) in reader.tables().clone() {
        reader.table(&table, &columns())?;
        for _ in 0..count {
            rows.push(reader.row(2)?);
        }
        reader.end_table(&table);
    }
    Ok((rows, reader.finish()?))
}

#[test]
fn what_is_written_is_read() {
    let (lines, report) = written();
    assert_eq!(read(&lines).expect("it is whole"), (rows(), report.clone()));
    assert_eq!(report.tables["things"].rows, 3);
    assert_ne!(report.tables["things"].sha256, report.tables["empty"].sha256);
}

#[test]
fn any_changed_byte_is_noticed() {
    let (lines, _) = written();
    for position in 0..lines.len() {
        let mut damaged = lines.clone();
        damaged[position] ^= 1;
        assert!(read(&damaged).is_err(), "byte {position}");
        assert!(read(&lines[..position]).is_err(), "cut at {position}");
    }
}
