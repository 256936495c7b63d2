//! What was seen of a server, and the table that is made of it.

use std::fmt::Write as _;

/// What was seen of one server: a row's name and who saw what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    rows: Vec<(&'static str, Vec<(&'static str, String)>)>,
}

impl Notes {
    /// Notes what a client of this method has seen.
    pub(crate) fn add(&mut self, row: &'static str, method: &'static str, seen: impl Into<String>) {
        let at = self.rows.iter().position(|(name, _)| *name == row).unwrap_or_else(|| {
            self.rows.push((row, Vec::new()));
            self.rows.len() - 1
        });
        self.rows[at].1.push((method, seen.into()));
    }

    /// The cell of a row: one text if all have seen the same.
    fn cell(&self, row: &str) -> String {
        let (_, seen) = self.rows.iter().find(|(name, _)| *name == row).expect("it was looked at");
        let mut texts: Vec<(&str, Vec<&str>)> = Vec::new();
        for (method, text) in seen {
            match texts.iter_mut().find(|(other, _)| other == text) {
                Some((_, methods)) => methods.push(method),
                None => texts.push((text, vec![method])),
            }
        }
        match &texts[..] {
            [(text, _)] => (*text).to_owned(),
            texts => {
                let each = texts.iter().map(|(text, by)| format!("{}: {text}", by.join(", ")));
                each.collect::<Vec<_>>().join("; ")
            }
        }
    }
}

/// A column of the table.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) heading: String,
    pub(crate) notes: Notes,
}

const HEAD: &str = "\
# What real servers do
Written by the tests, from what they saw in that run; never by hand:
`UPDATE_EXPECT=1 cargo test -p evergrant-example-host --test servers`. The servers
are not ours, the clients are the host of [examples/rust](../examples/rust), and
the tests in [examples/rust/tests/servers](../examples/rust/tests/servers) fail if
a cell is no longer so. Each server was asked by a client of every authentication
method; where they saw different things the cell says who saw what. Flags of a
policy that are not named are false; the clock of a server is set forward, nobody
waits. Authlib leaves tokens to whoever uses it: here they are kept as in its
documentation.
";

/// The whole page.
pub(crate) fn page(columns: &[&Column]) -> String {
    let mut page = String::from(HEAD);
    let line = |page: &mut String, first: &str, cells: Vec<String>| {
        writeln!(page, "| {first} | {} |", cells.join(" | ")).expect("memory");
    };
    page.push('\n');
    line(&mut page, "", columns.iter().map(|column| column.heading.clone()).collect());
    line(&mut page, "---", columns.iter().map(|_| "---".to_owned()).collect());
    for (row, _) in &columns[0].notes.rows {
        line(&mut page, row, columns.iter().map(|column| column.notes.cell(row)).collect());
    }
    page
}
