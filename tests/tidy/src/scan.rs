//! A scanner for Rust text: knows comments, literals, brackets and identifiers, nothing else.
//!
//! Blanking replaces bytes by spaces and keeps every line break, so that a position in the blanked
//! text is the same position in the file.

/// What a stretch of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    Literal,
}

/// `text` without comments and without the content of literals.
pub(crate) fn code(text: &str) -> String {
    blank(text, |kind| kind == Kind::Code)
}

/// `text` without comments.
pub(crate) fn uncommented(text: &str) -> String {
    blank(text, |kind| kind != Kind::Comment)
}

fn blank(text: &str, keep: impl Fn(Kind) -> bool) -> String {
    let mut blanked = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (kind, length) = stretch(rest, blanked.chars().next_back());
        let (head, tail) = rest.split_at(length);
        if keep(kind) {
            blanked.push_str(head);
        } else {
            blanked.push_str(&blanks(head));
        }
        rest = tail;
    }
    blanked
}

fn blanks(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

/// The kind and the length of what `text`, which is not empty, begins with, `before` being the
/// character in front of it.
fn stretch(text: &str, before: Option<char>) -> (Kind, usize) {
    let first = text.chars().next().map_or(1, char::len_utf8);
    if text.starts_with("//") {
        return (Kind::Comment, text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return (Kind::Comment, block_comment(text));
    }
    if text.starts_with('"') {
        return (Kind::Literal, quoted(text, '"'));
    }
    if text.starts_with('\'') {
        // `'a'` and `'\n'` are characters, `'a` alone is a lifetime.
        let mut chars = text.chars().skip(1);
        let next = (chars.next(), chars.next());
        let is_character = matches!(next, (Some('\\'), _) | (Some(_), Some('\'')));
        return if is_character { (Kind::Literal, quoted(text, '\'')) } else { (Kind::Code, 1) };
    }
    if !before.is_some_and(is_word)
        && let Some(length) = raw_string(text)
    {
        return (Kind::Literal, length);
    }
    (Kind::Code, first)
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// `r"…"`, `r#"…"#`, `br"…"`, `cr"…"`: no escapes, ended by the quote and as many `#`.
fn raw_string(text: &str) -> Option<usize> {
    let start = text.strip_prefix(['b', 'c']).unwrap_or(text).strip_prefix('r')?;
    let hashes = start.len() - start.trim_start_matches('#').len();
    let body = start[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(text.len() - body.len() + length)
}

pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The line, from 1, on which the byte at `at` lies.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// An identifier or keyword of blanked text, with its surroundings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    pub(crate) text: &'a str,
    /// Its first byte.
    pub(crate) at: usize,
    /// Everything before it.
    pub(crate) before: &'a str,
    /// Everything behind it.
    pub(crate) after: &'a str,
}

/// Identifiers and keywords of blanked text, in order.
pub(crate) fn words(code: &str) -> impl Iterator<Item = Word<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + code[at..].find(is_word)?;
        let length = code[start..].find(|c| !is_word(c)).unwrap_or(code.len() - start);
        at = start + length;
        Some(Word { text: &code[start..at], at: start, before: &code[..start], after: &code[at..] })
    })
}

/// Where `path` (`thread::sleep`, `.unwrap`, `todo!`) stands in blanked text as a whole: no letter
/// right before its first or right behind its last letter.
pub(crate) fn occurrences<'a>(code: &'a str, path: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(path).map(|(at, _)| at).filter(move |&at| {
        let open_start = path.starts_with(is_word) && code[..at].ends_with(is_word);
        let open_end = path.ends_with(is_word) && code[at + path.len()..].starts_with(is_word);
        !open_start && !open_end
    })
}

/// The length of the bracketed group that `code` begins with, brackets included.
pub(crate) fn group(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    code.len()
}

/// The length of the item that `code` begins with, attributes included: up to its `;` or the end of
/// its braces.
pub(crate) fn item(code: &str) -> usize {
    let mut at = 0;
    let mut end = End::Unknown;
    while let Some(c) = code[at..].chars().next() {
        match c {
            ';' => return at + 1,
            '}' => return at,
            '{' => {
                at += group(&code[at..]);
                if end != End::Semicolon {
                    return at;
                }
            }
            '(' | '[' => at += group(&code[at..]),
            c if is_word(c) => {
                let length = code[at..].find(|c| !is_word(c)).unwrap_or(code.len() - at);
                end = end.after(&code[at..at + length]);
                at += length;
            }
            c => at += c.len_utf8(),
        }
    }
    code.len()
}

/// What an item ends with, as its first keywords tell: `use a::{b, c};` and `const A: B = B { … };`
/// do not end with their braces, `const fn a() { … }` does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Unknown,
    /// Behind `const`, which begins both kinds.
    Const,
    Semicolon,
    Braces,
}

impl End {
    fn after(self, word: &str) -> Self {
        match (self, word) {
            (Self::Semicolon | Self::Braces, _) => self,
            (_, "pub" | "async" | "unsafe" | "extern") => self,
            (_, "const") => Self::Const,
            (_, "use" | "static" | "let" | "type") => Self::Semicolon,
            (Self::Unknown, _) | (Self::Const, "fn") => Self::Braces,
            (Self::Const, _) => Self::Semicolon,
        }
    }
}

/// Blanked text without its test code: items under `#[cfg(test)]` and test functions.
pub(crate) fn without_tests(code: &str) -> String {
    let mut kept = code.to_owned();
    for mark in ["#[cfg(test)]", "#[cfg(all(test,", "#[test]", "#[tokio::test"] {
        while let Some(at) = kept.find(mark) {
            let end = at + item(&kept[at..]);
            let blanks = blanks(&kept[at..end]);
            kept.replace_range(at..end, &blanks);
        }
    }
    kept
}

mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_lines_stay() {
        let text = "a // todo!()\n/* b /* c */ d */ e \"f \\\" // g\" h";
        assert_eq!(code(text).split_whitespace().collect::<Vec<_>>(), ["a", "e", "h"]);
        assert_eq!(code("x\n/*\n*/\ny").lines().count(), 4);
        assert!(uncommented(text).contains("\"f \\\" // g\""));
        assert!(!uncommented(text).contains("todo"));
    }

    #[test]
    fn raw_strings_characters_and_lifetimes_are_told_apart() {
        let text = "r#\"a \"b\" c\"# d 'e' '\\'' '\"' f<'g>(h: &'g str) br\"i\" for\"j\" k";
        let left = code(text);
        let left: Vec<&str> = words(&left).map(|word| word.text).collect();
        assert_eq!(left, ["d", "f", "g", "h", "g", "str", "for", "k"]);
    }

    #[test]
    fn an_occurrence_is_whole() {
        let found = |code: &str, path: &str| occurrences(code, path).count();
        assert_eq!(found("std::thread::sleep(x); my_thread::sleep(y)", "thread::sleep"), 1);
        assert_eq!(found("thread::sleeper()", "thread::sleep"), 0);
        assert_eq!(found("a.unwrap() b.unwrap_or(c)", ".unwrap"), 1);
    }

    #[test]
    fn an_item_ends_with_its_braces_or_its_semicolon() {
        let length = |code: &str, rest: &str| assert_eq!(&code[item(code)..], rest, "{code}");
        length("#[a(b)] mod c { d {} } e", " e");
        length("#[a] mod b; c", " c");
        length("#[a] use b::{c, d}; e", " e");
        length("#[a] const fn b() { c; } d", " d");
        length("#[a] const B: [u8; 2] = [1, 2]; c", " c");
        length("#[a] pub struct A<const N: usize> { b: [C; N] } d", " d");
        length("#[a] fn b([c; 2]: D) -> E;\nf", "\nf");
    }

    #[test]
    fn test_code_is_left_out() {
        let code =
            "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() {}\n}\n#[test]\nfn c() {}\nfn d() {}";
        let left = without_tests(code);
        let names: Vec<&str> = words(&left).map(|word| word.text).collect();
        assert_eq!(names, ["fn", "a", "fn", "d"]);
        assert_eq!(left.lines().count(), 8);
    }
}
