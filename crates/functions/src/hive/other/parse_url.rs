//! `parse_url(url, part [, key])`.

use super::SECTION;
use crate::hive::definition::{BASE, Definition, Kind};

static PARSE_URL: Definition = Definition {
    name: "parse_url",
    arguments: &[
        ("url", Kind::Primitive, "A URL."),
        ("part", Kind::Primitive, "`HOST`, `PATH`, `QUERY`, `REF`, `PROTOCOL`, `AUTHORITY`, `FILE` or `USERINFO`."),
        ("key", Kind::Primitive, "Of QUERY the value of this key alone."),
    ],
    required: 2,
    run: |call| {
        let (urls, parts, keys) = (call.text(0)?, call.text(1)?, call.text(2)?);
        call.texts(|row| {
            let (url, name) = (urls.get(row)?, parts.get(row)?);
            match call.has(2) {
                true if name == "QUERY" => of_key(part(url, "QUERY")?, keys.get(row)?).map(str::to_owned),
                true => None,
                false => part(url, name).map(str::to_owned),
            }
        })
    },
    section: &SECTION,
    description: "A part of a URL; NULL if it is none, or has no such part.",
    example: "SELECT parse_url('http://example.com/path?a=1', 'HOST'); -- example.com",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&PARSE_URL];

/// The value of a key in a query.
pub(super) fn of_key<'a>(query: &'a str, key: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))
}

/// A part of a URL; `QUERY:key` is a key's value.
pub(in crate::hive) fn part<'a>(url: &'a str, name: &str) -> Option<&'a str> {
    let (scheme, rest) = url.split_once(':')?;
    let begins = scheme.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    if !begins || !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')) {
        return None;
    }
    if let Some(key) = name.strip_prefix("QUERY:") {
        return of_key(part(url, "QUERY")?, key);
    }
    let (rest, reference) = match rest.split_once('#') {
        Some((rest, reference)) => (rest, Some(reference)),
        None => (rest, None),
    };
    let (authority, file) = match rest.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            (Some(&rest[..end]), &rest[end..])
        }
        None => (None, rest),
    };
    let (path, query) = match file.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (file, None),
    };
    let user = authority.and_then(|authority| authority.rsplit_once('@')).map(|(user, _)| user);
    let host = || {
        let host = authority?.rsplit_once('@').map_or(authority?, |(_, host)| host);
        // A colon in brackets belongs to an address.
        Some(match host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => host,
        })
    };
    match name {
        "PROTOCOL" => Some(scheme),
        "AUTHORITY" => authority,
        "HOST" => host(),
        "USERINFO" => user,
        "PATH" => Some(path),
        "FILE" => Some(file),
        "QUERY" => query,
        "REF" => reference,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_urls() {
        let url = "https://me:pw@example.com:8443/a/b.html?k1=v1&k2=v2&empty=#top";
        for (name, expected) in [
            ("PROTOCOL", Some("https")),
            ("AUTHORITY", Some("me:pw@example.com:8443")),
            ("USERINFO", Some("me:pw")),
            ("HOST", Some("example.com")),
            ("PATH", Some("/a/b.html")),
            ("FILE", Some("/a/b.html?k1=v1&k2=v2&empty=")),
            ("QUERY", Some("k1=v1&k2=v2&empty=")),
            ("QUERY:k2", Some("v2")),
            ("QUERY:empty", Some("")),
            ("QUERY:k", None),
            ("REF", Some("top")),
            ("PORT", None),
        ] {
            assert_eq!(part(url, name), expected, "{name}");
        }
        assert_eq!(part("http://example.com", "QUERY"), None);
        assert_eq!(part("http://[::1]:80/x", "HOST"), Some("[::1]"));
        for url in ["", "example.com/a", ":x", "1a:b"] {
            assert_eq!(part(url, "PATH"), None, "{url}");
        }
    }
}
