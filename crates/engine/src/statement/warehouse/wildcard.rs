//! Names that fit a pattern with wildcards, in time that grows with their lengths and no faster.

/// A part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Any letters, or none.
    Many,
    /// Any letter.
    Any,
    One(char),
}

/// True where the whole name fits.
pub(super) fn fits(pattern: &[Part], name: &[char]) -> bool {
    // Where the last star was, and how far the name had come: no star before it needs to be tried again.
    let (mut at, mut place, mut star) = (0, 0, None);
    while let Some(letter) = name.get(place) {
        match pattern.get(at) {
            Some(Part::Many) => {
                star = Some((at, place));
                at += 1;
            }
            Some(Part::Any) => {
                at += 1;
                place += 1;
            }
            Some(Part::One(wanted)) if wanted == letter => {
                at += 1;
                place += 1;
            }
            _ => match star {
                Some((star_at, star_place)) => {
                    star = Some((star_at, star_place + 1));
                    at = star_at + 1;
                    place = star_place + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|part| *part == Part::Many)
}

/// A file's name under a pattern of a shell: `*` for any letters and `?` for one.
pub(super) fn file_fits(pattern: &str, name: &str) -> bool {
    let part = |letter: char| match letter {
        '*' => Part::Many,
        '?' => Part::Any,
        letter => Part::One(letter),
    };
    fits(&pattern.chars().map(part).collect::<Vec<_>>(), &name.chars().collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::file_fits;

    #[test]
    fn files_fit_patterns_of_a_shell() {
        assert!(file_fits("a*.csv", "a1.csv"));
        assert!(file_fits("*", ""));
        assert!(file_fits("?b*", "übc"));
        assert!(file_fits("a*b*c", "abbc"));
        assert!(!file_fits("a?", "a"));
        assert!(!file_fits("a*c", "acb"));
    }

    #[test]
    fn many_stars_take_no_longer_than_one() {
        assert!(!file_fits(&format!("{}b", "*a".repeat(40)), &"a".repeat(4000)));
    }
}
