//! A string of statements, cut at its semicolons before anything else is known of it.
//!
//! As in Hive's own shell each statement is looked at when the ones before it have run: a variable that the first sets is
//! there for the second, and the value of SET is whatever stands up to the semicolon.

/// One statement's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    /// Where `text` begins in the string, in characters from 0.
    pub offset: usize,
}

/// Cuts a string; pieces without anything but blanks and comments are passed over.
pub fn pieces(sql: &str) -> Vec<Piece> {
    let letters: Vec<char> = sql.chars().collect();
    let mut pieces = Vec::new();
    let (mut start, mut place) = (0, 0);
    // Where the statement's first word is: what stands before it are blanks and comments.
    let mut first = None;
    while place < letters.len() {
        match letters[place] {
            ';' => {
                push(&mut pieces, &letters, first, place);
                place += 1;
                (start, first) = (place, None);
                continue;
            }
            '-' if letters.get(place + 1) == Some(&'-') => place = end_of_line(&letters, place),
            '/' if letters.get(place + 1) == Some(&'*') => place = end_of_comment(&letters, place),
            quote @ ('\'' | '"' | '`') => {
                first.get_or_insert(place);
                place = end_of_quoted(&letters, place, quote);
            }
            letter => {
                if !letter.is_whitespace() {
                    first.get_or_insert(place);
                }
                place += 1;
            }
        }
    }
    debug_assert!(start <= letters.len());
    push(&mut pieces, &letters, first, letters.len());
    pieces
}

fn push(pieces: &mut Vec<Piece>, letters: &[char], first: Option<usize>, end: usize) {
    let Some(first) = first else { return };
    pieces.push(Piece { text: letters[first..end.min(letters.len())].iter().collect(), offset: first });
}

fn end_of_line(letters: &[char], start: usize) -> usize {
    letters[start..].iter().position(|letter| *letter == '\n').map_or(letters.len(), |length| start + length)
}

/// Behind a comment, which may hold others.
fn end_of_comment(letters: &[char], start: usize) -> usize {
    let (mut depth, mut place) = (0_usize, start);
    while place < letters.len() {
        match (letters[place], letters.get(place + 1)) {
            ('/', Some('*')) => {
                depth += 1;
                place += 2;
            }
            ('*', Some('/')) => {
                depth -= 1;
                place += 2;
                if depth == 0 {
                    return place;
                }
            }
            _ => place += 1,
        }
    }
    letters.len()
}

/// Behind the closing quote; a backslash keeps the letter behind it from closing, but not in a name.
fn end_of_quoted(letters: &[char], start: usize, quote: char) -> usize {
    let mut place = start + 1;
    while place < letters.len() {
        match letters[place] {
            '\\' if quote != '`' => place += 2,
            letter if letter == quote => return place + 1,
            _ => place += 1,
        }
    }
    letters.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_in_quotes_and_comments_cut_nothing() {
        let sql = "SET a=b c;\n-- why; not\nSELECT ';', \"\\\";\" /* ; /* ; */ ; */ FROM `a;b`;; ";
        let texts: Vec<_> = pieces(sql).into_iter().map(|piece| (piece.offset, piece.text)).collect();
        let select = "SELECT ';', \"\\\";\" /* ; /* ; */ ; */ FROM `a;b`".to_owned();
        assert_eq!(texts, [(0, "SET a=b c".to_owned()), (23, select)]);
    }

    #[test]
    fn what_is_open_goes_to_the_end() {
        for sql in ["SELECT 'a;b", "SELECT /* ;", "SELECT `a;", "SELECT 'a\\"] {
            assert_eq!(pieces(sql).len(), 1, "{sql}");
        }
        assert!(pieces(" ; -- nothing\n;/* */").is_empty());
    }
}
