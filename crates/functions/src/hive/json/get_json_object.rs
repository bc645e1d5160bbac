//! `get_json_object(json, path)`. Hive's paths know `$`, `.name`, `[place]` and `[*]`; a name of a list's members gives those
//! of all. Spark's know `['name']` and `.*` too.

use mead_common::Dialect;

use super::SECTION;
use super::value::Json;
use crate::hive::definition::{BASE, Definition, Kind};

static GET_JSON_OBJECT: Definition = Definition {
    name: "get_json_object",
    arguments: &[("json", Kind::Primitive, "JSON."), ("path", Kind::Primitive, "Where in it: `$.a[0].b`.")],
    run: |call| {
        let (texts, paths) = (call.text(0)?, call.text(1)?);
        call.texts(|row| {
            let (text, path) = (texts.get(row)?, paths.get(row)?);
            match call.dialect {
                Dialect::Spark => of_spark(text, path),
                _ => of_hive(text, path),
            }
        })
    },
    section: &SECTION,
    description: "What stands at a place of JSON: text as it is, all else as JSON.",
    example: "SELECT get_json_object('{\"a\":{\"b\":1}}', '$.a.b'); -- 1",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&GET_JSON_OBJECT];

fn of_hive(text: &str, path: &str) -> Option<String> {
    let rest = path.strip_prefix('$')?;
    let (steps, list_at_root) = match rest.as_bytes() {
        [] => (Vec::new(), false),
        [b'[', ..] => (path.split('.').collect(), true),
        [b'.', rest_of @ ..] => (path.split('.').skip(1).collect(), rest_of.first() == Some(&b'[')),
        _ => return None,
    };
    let mut value = Json::parse(text)?;
    match (&value, rest.is_empty(), list_at_root) {
        (_, true, _) | (Json::List(_), _, true) | (Json::Object(_), _, false) => {}
        _ => return None,
    }
    for (place, step) in steps.iter().enumerate() {
        value = hive_step(value, step, place == 0 && list_at_root)?;
    }
    value.plain()
}

/// A name, places behind it, or both.
fn hive_step(value: Json, step: &str, only_places: bool) -> Option<Json> {
    let mut value = value;
    if !only_places {
        let is_name = |character: char| {
            character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | ':') || character.is_ascii_whitespace()
        };
        let end = step.find(|character| !is_name(character)).unwrap_or(step.len());
        if end == 0 {
            return None;
        }
        value = hive_member(value, &step[..end])?;
    }
    let mut found = vec![value];
    let mut rest = step;
    let mut some = false;
    while let Some(open) = rest.find('[') {
        let Some(close) = rest[open..].find(']').map(|close| open + close) else { break };
        let place = &rest[open + 1..close];
        rest = &rest[close + 1..];
        if place != "*" && (place.is_empty() || !place.bytes().all(|byte| byte.is_ascii_digit())) {
            continue;
        }
        some = true;
        let lists =
            found.into_iter().filter_map(|value| if let Json::List(items) = value { Some(items) } else { None });
        found = match place {
            "*" => lists.flatten().collect(),
            place => {
                let place: usize = place.parse().ok()?;
                lists.filter_map(|mut items| (place < items.len()).then(|| items.swap_remove(place))).collect()
            }
        };
        if found.is_empty() {
            return None;
        }
    }
    match some && found.len() > 1 {
        true => Some(Json::List(found)),
        false => found.into_iter().next(),
    }
}

fn hive_member(value: Json, name: &str) -> Option<Json> {
    match value {
        Json::List(items) => {
            let mut found = Vec::new();
            for item in items {
                match item.member(name) {
                    Some(Json::List(inner)) => found.extend(inner.iter().cloned()),
                    None | Some(Json::Null) => {}
                    Some(other) => found.push(other.clone()),
                }
            }
            (!found.is_empty()).then_some(Json::List(found))
        }
        object => object.member(name).cloned(),
    }
}

enum Step {
    Name(String),
    Place(usize),
    All,
}

fn of_spark(text: &str, path: &str) -> Option<String> {
    let steps = spark_steps(path)?;
    let value = Json::parse(text)?;
    let mut found = vec![&value];
    let mut many = false;
    for step in &steps {
        found = match step {
            Step::Name(name) => found.into_iter().filter_map(|value| value.member(name)).collect(),
            Step::Place(place) => found
                .into_iter()
                .filter_map(|value| if let Json::List(items) = value { items.get(*place) } else { None })
                .collect(),
            Step::All => {
                many = true;
                found
                    .into_iter()
                    .flat_map(|value| match value {
                        Json::List(items) => items.iter().collect(),
                        Json::Object(members) => members.iter().map(|(_, value)| value).collect(),
                        _ => Vec::new(),
                    })
                    .collect()
            }
        };
    }
    match found.as_slice() {
        [] => None,
        [one] => one.plain(),
        several if many => Json::List(several.iter().map(|value| (*value).clone()).collect()).plain(),
        _ => None,
    }
}

fn spark_steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("['") {
            let end = after.find("']")?;
            steps.push(if &after[..end] == "*" { Step::All } else { Step::Name(after[..end].to_owned()) });
            rest = &after[end + 2..];
        } else if let Some(after) = rest.strip_prefix('[') {
            let end = after.find(']')?;
            steps.push(if &after[..end] == "*" { Step::All } else { Step::Place(after[..end].parse().ok()?) });
            rest = &after[end + 1..];
        } else {
            let after = rest.strip_prefix('.')?;
            let end = after.find(['.', '[']).unwrap_or(after.len());
            if end == 0 {
                return None;
            }
            steps.push(if &after[..end] == "*" { Step::All } else { Step::Name(after[..end].to_owned()) });
            rest = &after[end..];
        }
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str =
        r#"{"shop":{"items":[{"n":"a","tags":["x","y"]},{"n":"b","tags":["z"]}],"open":true,"none":null}}"#;

    #[test]
    fn hive_finds_members_of_all_items() {
        let find = |path| of_hive(SHOP, path);
        assert_eq!(find("$.shop.items[0].n").as_deref(), Some("a"));
        assert_eq!(find("$.shop.items[*].n").as_deref(), Some(r#"["a","b"]"#));
        assert_eq!(find("$.shop.items.n").as_deref(), Some(r#"["a","b"]"#));
        assert_eq!(find("$.shop.items[*].tags").as_deref(), Some(r#"["x","y","z"]"#));
        assert_eq!(find("$.shop.items[*].tags[1]").as_deref(), Some("y"));
        assert_eq!(find("$.shop.open").as_deref(), Some("true"));
        for path in ["$.shop.none", "$.shop.items[2]", "shop", "$shop", "$..shop", "$.", ""] {
            assert_eq!(find(path), None, "{path}");
        }
        assert_eq!(of_hive("[1,[2,3]]", "$[1][0]").as_deref(), Some("2"));
        assert_eq!(of_hive("[1]", "$.a"), None);
        assert_eq!(of_hive("x", "$"), None);
    }

    #[test]
    fn spark_goes_step_by_step() {
        let find = |path| of_spark(SHOP, path);
        assert_eq!(find("$.shop.items[*].n").as_deref(), Some(r#"["a","b"]"#));
        assert_eq!(find("$['shop']['items'][1].n").as_deref(), Some("b"));
        assert_eq!(find("$.shop.items.n"), None);
        assert_eq!(find("$.shop.items[x]"), None);
    }
}
