//! `soundex(text)`: how a word sounds in English, as a letter and three digits.

use super::SECTION;
use crate::hive::definition::{BASE, Definition, Kind};

static SOUNDEX: Definition = Definition {
    name: "soundex",
    arguments: &[("text", Kind::Primitive, "A word. What is no letter of English is passed over.")],
    run: |call| {
        let texts = call.text(0)?;
        call.texts(|row| Some(soundex(texts.get(row)?)))
    },
    section: &SECTION,
    description: "How a word sounds in English, as a letter and three digits; empty of a text without letters.",
    example: "SELECT soundex('Miller'); -- M460",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&SOUNDEX];

/// A digit; vowels are '0', and H and W are as if they were not there.
fn code(letter: u8) -> u8 {
    match letter {
        b'B' | b'F' | b'P' | b'V' => b'1',
        b'C' | b'G' | b'J' | b'K' | b'Q' | b'S' | b'X' | b'Z' => b'2',
        b'D' | b'T' => b'3',
        b'L' => b'4',
        b'M' | b'N' => b'5',
        b'R' => b'6',
        b'H' | b'W' => b'-',
        _ => b'0',
    }
}

fn soundex(text: &str) -> String {
    let mut letters = text.bytes().filter(u8::is_ascii_alphabetic).map(|letter| letter.to_ascii_uppercase());
    let Some(first) = letters.next() else { return String::new() };
    let mut result = String::from(char::from(first));
    let mut last = code(first);
    for letter in letters {
        let code = code(letter);
        if code == b'-' {
            continue;
        }
        if code != b'0' && code != last {
            result.push(char::from(code));
            if result.len() == 4 {
                break;
            }
        }
        last = code;
    }
    format!("{result:0<4}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_sound_alike_are_alike() {
        for (word, sound) in [
            ("Miller", "M460"),
            ("Robert", "R163"),
            ("Rupert", "R163"),
            ("Ashcraft", "A261"),
            ("Tymczak", "T522"),
            ("Pfister", "P236"),
            ("a", "A000"),
            ("", ""),
            ("12", ""),
        ] {
            assert_eq!(soundex(word), sound, "{word}");
        }
    }
}
