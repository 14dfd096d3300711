/// What browsers are told about every response.
///
/// The content policy allows this origin's own files and connections (WebSocket included) and nothing else: no inline
/// script or style, no other origin, no plug-in, no frame around it. Forms are handled by script, so none is ever
/// submitted; `data:` images are the icons in the style sheet of the API page.
pub(crate) const HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    (
        "permissions-policy",
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// A second content policy beside the first; a browser keeps both. Text becomes markup or script only through a policy
/// that a script has named, which the application never does.
pub(crate) const TRUSTED_TYPES: (&str, &str) = ("content-security-policy", "require-trusted-types-for 'script'");

/// The page of the API viewer: the one that is not under [`TRUSTED_TYPES`], because the viewer sets markup as text.
pub(crate) const VIEWER_PATH: &str = "/docs";

#[cfg(test)]
mod tests {
    use super::HEADERS;

    #[test]
    fn the_content_policy_has_no_hole() {
        let policy = HEADERS
            .iter()
            .find(|(name, _)| *name == "content-security-policy")
            .map(|(_, value)| *value);
        let policy = policy.expect("there is a content policy");
        assert!(policy.starts_with("default-src 'none';"));
        for hole in ["unsafe", "*", "http:", "https:", "blob:"] {
            assert!(!policy.contains(hole), "{hole}");
        }
    }
}
