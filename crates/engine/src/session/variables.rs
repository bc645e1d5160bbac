//! Hive's keys and variables: `SET hive.exec.parallel=true`, `SET hivevar:day=2024-01-02`.
//!
//! As in Hive every key is kept and shown, and put in where a statement says `${hiveconf:key}`. Three kinds are told apart:
//! keys that do something here, keys that only say how Hive would go about its work, and others of Hive's and Spark's, which
//! might change what a query gives: those are kept with a notice that they have no effect.

use std::collections::BTreeMap;

use mead_common::{Diagnostic, sqlstate};
use mead_parser::VariableKind;

use super::settings::Settings;

/// `false`: statements are read as they are written.
pub(crate) const SUBSTITUTE: &str = "hive.variable.substitute";

/// `false`: NULLs come first where rows are sorted, as they did in Hive 2.
const NULLS_LAST: &str = "hive.default.nulls.last";

/// Keys that mead looks at, with their defaults.
const KNOWN: [(&str, &str); 5] = [
    (NULLS_LAST, "true"),
    ("hive.exec.dynamic.partition", "true"),
    ("hive.exec.dynamic.partition.mode", "strict"),
    ("hive.support.quoted.identifiers", "column"),
    (SUBSTITUTE, "true"),
];

/// Values that would change what queries give, and that are refused.
const REFUSED: [(&str, &str); 7] = [
    ("hive.groupby.position.alias", "true"),
    ("hive.groupby.orderby.position.alias", "true"),
    ("spark.sql.ansi.enabled", "true"),
    ("spark.sql.legacy.cteprecedencepolicy", "legacy"),
    ("spark.sql.ansi.doublequotedidentifiers", "true"),
    ("spark.sql.parser.escapedstringliterals", "true"),
    ("spark.sql.casesensitive", "true"),
];

/// Keys that settle how work is done and not what comes of it. A key is one of them if it begins so.
const TUNING: [&str; 65] = [
    "datanucleus.",
    "dfs.",
    "fs.",
    "hadoop.",
    "hive.added.",
    "hive.aux.",
    "hive.auto.convert.",
    "hive.blobstore.",
    "hive.cbo.",
    "hive.cli.",
    "hive.compactor.",
    "hive.compute.",
    "hive.conf.",
    "hive.convert.",
    "hive.debug.",
    "hive.default.fileformat",
    "hive.direct.sql.",
    "hive.enforce.",
    "hive.exec.",
    "hive.execution.",
    "hive.explain.",
    "hive.fetch.",
    "hive.fileformat.",
    "hive.groupby.mapaggr.",
    "hive.groupby.skewindata",
    "hive.hadoop.",
    "hive.hashtable.",
    "hive.ignore.mapjoin.hint",
    "hive.in.test",
    "hive.input.format",
    "hive.internal.",
    "hive.io.",
    "hive.join.",
    "hive.limit.",
    "hive.llap.",
    "hive.lock.",
    "hive.log.",
    "hive.map.aggr",
    "hive.mapjoin.",
    "hive.mapred.",
    "hive.materializedview.",
    "hive.merge.",
    "hive.merge",
    "hive.metastore.",
    "hive.new.job.",
    "hive.optimize.",
    "hive.orc.",
    "hive.prewarm.",
    "hive.query.",
    "hive.security.",
    "hive.server2.",
    "hive.session.",
    "hive.skewjoin.",
    "hive.smbjoin.",
    "hive.spark.",
    "hive.stats.",
    "hive.strict.",
    "hive.support.concurrency",
    "hive.test.",
    "hive.tez.",
    "hive.transpose.",
    "hive.txn.",
    "hive.vectorized.",
    "hive.warehouse.",
    "hive.zookeeper.",
];

const TUNING_OF_OTHERS: [&str; 14] = [
    "io.",
    "mapred.",
    "mapreduce.",
    "orc.",
    "parquet.",
    "spark.default.",
    "spark.driver.",
    "spark.dynamicallocation.",
    "spark.executor.",
    "spark.hadoop.",
    "spark.sql.adaptive.",
    "spark.sql.autobroadcastjointhreshold",
    "spark.sql.shuffle.",
    "tez.",
];

/// What setting a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It acts, or only tunes, or is a name of the user's own.
    Expected,
    /// It is one of Hive's or Spark's that mead does not look at.
    None,
}

impl Settings {
    /// Keeps a variable; 0A000 for a value that would have to change what queries give.
    pub(crate) fn set_variable(&mut self, kind: VariableKind, key: &str, value: &str) -> Result<Effect, Diagnostic> {
        if kind == VariableKind::Environment {
            return Err(Diagnostic::new(sqlstate::CANT_CHANGE_RUNTIME_PARAM, "env:* variables can not be set"));
        }
        let lower = key.to_ascii_lowercase();
        let configuration = kind == VariableKind::Configuration;
        if configuration && REFUSED.iter().any(|(name, refused)| *name == lower && value.eq_ignore_ascii_case(refused))
        {
            return Err(Diagnostic::unsupported(format!("{key} = {value} is not supported")));
        }
        if value.contains(&own(kind, key)) {
            return Err(Diagnostic::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("the value of \"{key}\" refers to itself"),
            ));
        }
        self.store_variable(stored(kind, key), value.to_owned());
        let of_others = ["hive.", "spark."].iter().any(|prefix| lower.starts_with(prefix));
        let is_expected = KNOWN.iter().any(|(name, _)| *name == lower)
            || TUNING.iter().chain(&TUNING_OF_OTHERS).any(|prefix| lower.starts_with(prefix));
        Ok(if configuration && of_others && !is_expected { Effect::None } else { Effect::Expected })
    }

    /// What a variable was set to; `None` where it was not.
    pub(crate) fn set_variable_value(&self, kind: VariableKind, key: &str) -> Option<String> {
        self.get_variable(&stored(kind, key)).map(str::to_owned)
    }

    /// A variable's value, or the default of a key that mead looks at.
    pub(crate) fn kept_variable(&self, kind: VariableKind, key: &str) -> Option<String> {
        if let Some(value) = self.get_variable(&stored(kind, key)) {
            return Some(value.to_owned());
        }
        let default =
            KNOWN.iter().find(|(name, _)| kind == VariableKind::Configuration && name.eq_ignore_ascii_case(key));
        default.map(|(_, value)| (*value).to_owned())
    }

    /// What `${name}` stands for; the server's own environment is nobody's business.
    pub(crate) fn variable(&self, name: &str, user: &str) -> Result<Option<String>, Diagnostic> {
        let has_prefix = name.contains(':');
        let (kind, key) = VariableKind::split(name);
        Ok(match kind {
            VariableKind::Environment => {
                return Err(Diagnostic::unsupported(format!("${{{name}}} is not supported"))
                    .with_hint("the environment of the server is not shown"));
            }
            VariableKind::System if key.eq_ignore_ascii_case("user.name") => Some(user.to_owned()),
            // `${x}` is one of the script's own variables, or a key.
            VariableKind::Configuration if !has_prefix => self
                .kept_variable(VariableKind::Variable, key)
                .or_else(|| self.kept_variable(VariableKind::Configuration, key)),
            kind => self.kept_variable(kind, key).or_else(|| self.get(key).map(str::to_owned)),
        })
    }

    /// Whether NULLs come first in an ascending order of Hive's.
    pub(crate) fn nulls_first(&self) -> bool {
        let set = self.kept_variable(VariableKind::Configuration, NULLS_LAST);
        set.is_some_and(|value| value.eq_ignore_ascii_case("false"))
    }

    /// Keys and values that are set, and with `all` what mead looks at besides.
    pub(crate) fn variables(&self, all: bool) -> Vec<(String, String)> {
        let mut listed: BTreeMap<String, String> = BTreeMap::new();
        if all {
            listed.extend(self.list().into_iter().map(|(name, value, _)| (name.to_owned(), value)));
            listed.extend(KNOWN.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        }
        for (key, value) in self.stored_variables().filter(|(key, _)| !key.starts_with("function:")) {
            let name = key.strip_prefix("hiveconf:").unwrap_or(key);
            listed.insert(name.to_owned(), value.to_owned());
        }
        listed.into_iter().collect()
    }
}

fn prefix(kind: VariableKind) -> &'static str {
    match kind {
        VariableKind::Configuration => "hiveconf",
        VariableKind::Variable => "hivevar",
        VariableKind::System => "system",
        VariableKind::Environment => "env",
    }
}

/// The name that a variable is kept under. Hive's own keys are found whatever their case.
fn stored(kind: VariableKind, key: &str) -> String {
    let lower = key.to_ascii_lowercase();
    let is_hives = kind == VariableKind::Configuration && (lower.starts_with("hive.") || lower.starts_with("spark."));
    format!("{}:{}", prefix(kind), if is_hives { &lower } else { key })
}

fn own(kind: VariableKind, key: &str) -> String {
    format!("${{{}:{key}}}", prefix(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_not_looked_at_are_told() {
        let mut settings = Settings::new();
        let mut set = |key: &str, value: &str| settings.set_variable(VariableKind::Configuration, key, value);
        assert_eq!(set("hive.exec.parallel", "true").unwrap(), Effect::Expected);
        assert_eq!(set("hive.nobody.knows", "1").unwrap(), Effect::None);
        assert_eq!(set("my.own", "1").unwrap(), Effect::Expected);
        assert_eq!(set("spark.sql.ansi.enabled", "TRUE").unwrap_err().sqlstate, sqlstate::FEATURE_NOT_SUPPORTED);
        assert_eq!(set("a", "x ${hiveconf:a}").unwrap_err().sqlstate, sqlstate::INVALID_PARAMETER_VALUE);
    }

    #[test]
    fn a_name_without_a_prefix_is_a_variable_first() {
        let mut settings = Settings::new();
        settings.set_variable(VariableKind::Configuration, "x", "key").unwrap();
        assert_eq!(settings.variable("x", "u").unwrap().as_deref(), Some("key"));
        settings.set_variable(VariableKind::Variable, "x", "variable").unwrap();
        assert_eq!(settings.variable("x", "u").unwrap().as_deref(), Some("variable"));
        assert_eq!(settings.variable("hiveconf:x", "u").unwrap().as_deref(), Some("key"));
        assert_eq!(settings.variable("system:user.name", "u").unwrap().as_deref(), Some("u"));
        assert_eq!(settings.variable("none", "u").unwrap(), None);
        assert!(settings.variable("env:PATH", "u").is_err());
    }

    #[test]
    fn variables_go_with_the_transaction() {
        let mut settings = Settings::new();
        settings.set_variable(VariableKind::Variable, "x", "1").unwrap();
        settings.roll_back();
        assert_eq!(settings.variable("x", "u").unwrap(), None);
        settings.set_variable(VariableKind::Variable, "x", "1").unwrap();
        settings.commit();
        settings.roll_back();
        assert_eq!(settings.variable("x", "u").unwrap().as_deref(), Some("1"));
        settings.reset_all();
        assert_eq!(settings.variable("x", "u").unwrap(), None);
    }
}
