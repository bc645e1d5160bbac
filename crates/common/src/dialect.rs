//! Which SQL a session speaks.

/// The dialect of a session (`SET dialect`). It decides what would clash: quotes, escapes, division, casts that fail, where
/// NULL sorts, and which of several functions of one name is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    #[default]
    Postgres,
    Hive,
    Spark,
}

impl Dialect {
    pub const ALL: [Dialect; 3] = [Dialect::Postgres, Dialect::Hive, Dialect::Spark];

    /// By its name, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name().eq_ignore_ascii_case(name))
    }

    pub fn name(self) -> &'static str {
        match self {
            Dialect::Postgres => "postgres",
            Dialect::Hive => "hive",
            Dialect::Spark => "spark",
        }
    }

    /// True for Hive and for Spark, which took most of its ways from Hive.
    pub fn is_hive_like(self) -> bool {
        self != Dialect::Postgres
    }
}
