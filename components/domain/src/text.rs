//! The rules for what people write into a task.

use crate::{TaskError, limits};

/// A title: trimmed, one line, not empty.
pub(crate) fn title(text: String) -> Result<String, TaskError> {
    line("/title", text, limits::TITLE_CHARS_MAX)
}

/// A description, kept as it is; an empty one is none.
pub(crate) fn description(text: String) -> Result<Option<String>, TaskError> {
    const POINTER: &str = "/description";
    at_most(POINTER, &text, limits::DESCRIPTION_CHARS_MAX)?;
    // PostgreSQL text can not hold it.
    if text.contains('\0') {
        return Err(TaskError::invalid(POINTER, "must not hold the character U+0000"));
    }
    Ok((!text.is_empty()).then_some(text))
}

/// A category: like a title; a blank one is none.
pub(crate) fn category(text: String) -> Result<Option<String>, TaskError> {
    if text.trim().is_empty() {
        Ok(None)
    } else {
        line("/category", text, limits::CATEGORY_CHARS_MAX).map(Some)
    }
}

/// Tags, each like a title; repeats are dropped, the order stays.
pub(crate) fn tags(texts: Vec<String>) -> Result<Vec<String>, TaskError> {
    let mut tags: Vec<String> = Vec::with_capacity(texts.len().min(limits::TAGS_MAX));
    for (index, text) in texts.into_iter().enumerate() {
        let tag = line(format!("/tags/{index}"), text, limits::TAG_CHARS_MAX)?;
        if tags.contains(&tag) {
            continue;
        }
        if tags.len() == limits::TAGS_MAX {
            return Err(TaskError::invalid(
                "/tags",
                format!("has more than {} tags", limits::TAGS_MAX),
            ));
        }
        tags.push(tag);
    }
    Ok(tags)
}

/// A recurrence rule, trimmed; a blank one is none. Its meaning is checked where the due date is known.
pub(crate) fn rule(text: String) -> Option<String> {
    let text = trimmed(text);
    (!text.is_empty()).then_some(text)
}

fn line(
    pointer: impl Into<std::borrow::Cow<'static, str>>,
    text: String,
    chars_max: usize,
) -> Result<String, TaskError> {
    let (pointer, text) = (pointer.into(), trimmed(text));
    if text.is_empty() {
        return Err(TaskError::invalid(pointer, "must not be empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(TaskError::invalid(
            pointer,
            "must be one line without control characters",
        ));
    }
    at_most(pointer, &text, chars_max)?;
    Ok(text)
}

fn at_most(pointer: impl Into<std::borrow::Cow<'static, str>>, text: &str, chars_max: usize) -> Result<(), TaskError> {
    // Counting is only needed when there are more bytes than characters allowed.
    if text.len() > chars_max && text.chars().count() > chars_max {
        return Err(TaskError::invalid(
            pointer,
            format!("is longer than {chars_max} characters"),
        ));
    }
    Ok(())
}

/// The text without white space around it; the same allocation if there was none.
fn trimmed(text: String) -> String {
    let inner = text.trim();
    if inner.len() == text.len() {
        text
    } else {
        inner.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_may_have_200_characters_of_any_width_and_no_more() {
        assert_eq!(title(" \u{00a0}Tea\n".to_owned()).unwrap(), "Tea");
        assert!(title("😀".repeat(200)).is_ok());
        assert!(title("😀".repeat(201)).is_err());
        for bad in ["", " \t", "two\nlines", "nul\0"] {
            assert!(title(bad.to_owned()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_description_may_have_10_000_characters_and_lines() {
        assert_eq!(description(String::new()).unwrap(), None);
        assert_eq!(description(" a\nb ".to_owned()).unwrap().as_deref(), Some(" a\nb "));
        assert!(description("é".repeat(10_000)).is_ok());
        assert!(description("é".repeat(10_001)).is_err());
        assert!(description("\0".to_owned()).is_err());
    }

    #[test]
    fn twenty_different_tags_of_50_characters() {
        let numbered = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
        assert_eq!(tags(numbered(20)).unwrap().len(), 20);
        assert!(tags(numbered(21)).is_err());
        assert_eq!(
            tags(vec![" a".to_owned(), "a ".to_owned(), "A".to_owned()]).unwrap(),
            ["a", "A"]
        );
        assert!(tags(vec!["x".repeat(50)]).is_ok());
        let TaskError::Invalid(violation) = tags(vec!["ok".to_owned(), "x".repeat(51)]).unwrap_err() else {
            panic!("a tag that is too long is invalid")
        };
        assert_eq!(violation.pointer, "/tags/1");
    }
}
