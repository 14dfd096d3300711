/// The form in which texts are compared: lower case by Unicode's rules, the same on every database.
pub(crate) fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// The character that takes the meaning from the one after it in a pattern. Not a backslash, which databases treat
/// differently in literals.
const ESCAPE: char = '!';

/// A `LIKE … ESCAPE '!'` pattern for texts that hold `needle` anywhere, compared in folded form.
pub(crate) fn containing(needle: &str) -> String {
    let mut pattern = String::with_capacity(needle.len() + 2);
    pattern.push('%');
    for character in fold(needle).chars() {
        if matches!(character, '%' | '_' | ESCAPE) {
            pattern.push(ESCAPE);
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::containing;

    #[test]
    fn what_a_user_types_is_never_a_wildcard() {
        assert_eq!(containing("100% _Ü!"), "%100!% !_ü!!%");
    }
}
