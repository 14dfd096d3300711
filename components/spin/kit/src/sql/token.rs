//! SQL as both databases read it, in pieces: just enough to know what is text and what is not.

/// One token. White space and comments are none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind<'a>,
    /// Where it begins and ends, in bytes.
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind<'a> {
    Word(&'a str),
    /// The inside of `"…"`.
    QuotedName(&'a str),
    /// The `n` of `$n`.
    Param(usize),
    Open,
    Close,
    Semicolon,
    /// What only one of the databases knows, or what has no end.
    Foreign(&'static str),
    /// Numbers, operators, text.
    Other,
}

/// All tokens of a text.
pub(super) fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = vec![];
    let mut start = 0;
    while let Some(first) = sql[start..].chars().next() {
        let rest = &sql[start..];
        let (kind, len) = match first {
            _ if first.is_whitespace() => (None, first.len_utf8()),
            '-' if rest.starts_with("--") => (None, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => comment(rest),
            '\'' => {
                let follows_word = tokens.last().is_some_and(|token| token.end == start && is_word(token));
                match quoted(rest, '\'') {
                    // `E'…'` has escapes of its own.
                    Some(len) if !follows_word => (Some(Kind::Other), len),
                    Some(len) => (Some(Kind::Foreign("a text with a letter before it")), len),
                    None => (Some(Kind::Foreign("a text without an end")), rest.len()),
                }
            }
            '"' => match quoted(rest, '"') {
                Some(len) => (Some(Kind::QuotedName(&rest[1..len - 1])), len),
                None => (Some(Kind::Foreign("a name without an end")), rest.len()),
            },
            '$' => param(rest),
            '(' => (Some(Kind::Open), 1),
            ')' => (Some(Kind::Close), 1),
            ';' => (Some(Kind::Semicolon), 1),
            ':' if rest.starts_with("::") => (Some(Kind::Other), 2),
            '?' | '@' | ':' | '`' | '[' => (Some(Kind::Foreign("one of ? @ : ` [")), 1),
            _ if is_word_start(first) => {
                let len = rest.find(|c| !is_word_part(c)).unwrap_or(rest.len());
                (Some(Kind::Word(&rest[..len])), len)
            }
            _ => (Some(Kind::Other), first.len_utf8()),
        };
        if let Some(kind) = kind {
            tokens.push(Token {
                kind,
                start,
                end: start + len,
            });
        }
        start += len;
    }
    tokens
}

fn is_word(token: &Token<'_>) -> bool {
    matches!(token.kind, Kind::Word(_))
}

fn is_word_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

/// A digit continues a word; a `$` does too, in both databases.
fn is_word_part(c: char) -> bool {
    is_word_start(c) || c.is_ascii_digit() || c == '$'
}

/// PostgreSQL's comments nest and SQLite's do not, so one that would is refused.
fn comment(rest: &str) -> (Option<Kind<'_>>, usize) {
    match rest.find("*/") {
        Some(end) if rest[2..end].contains("/*") => (Some(Kind::Foreign("a comment in a comment")), end + 2),
        Some(end) => (None, end + 2),
        None => (Some(Kind::Foreign("a comment without an end")), rest.len()),
    }
}

/// The length of what is between two of `quote`, which stands for itself where it is doubled.
fn quoted(rest: &str, quote: char) -> Option<usize> {
    let mut end = 1;
    loop {
        end += rest[end..].find(quote)? + 1;
        match rest[end..].strip_prefix(quote) {
            Some(_) => end += 1,
            None => return Some(end),
        }
    }
}

fn param(rest: &str) -> (Option<Kind<'_>>, usize) {
    let digits = rest[1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - 1);
    match rest[1..=digits].parse() {
        Ok(number) => (Some(Kind::Param(number)), 1 + digits),
        Err(_) => (Some(Kind::Foreign("text between $ and $")), 1 + digits),
    }
}
