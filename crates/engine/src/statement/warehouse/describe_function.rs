//! DESCRIBE FUNCTION, and the functions that SHOW FUNCTIONS lists.

use datafusion::logical_expr::Documentation;
use mead_common::Diagnostic;
use mead_functions::hive::{table_function, table_functions};

use super::super::Runner;

impl Runner {
    /// The functions that the session can call, by name.
    pub(super) fn function_names(&self) -> Vec<String> {
        let state = &self.state;
        let scalar = state.scalar_functions().keys();
        let all = scalar.chain(state.aggregate_functions().keys()).chain(state.window_functions().keys());
        let mut names: Vec<String> = all.chain(state.higher_order_functions().keys()).cloned().collect();
        names.extend(table_functions(self.source.dialect).iter().map(|function| function.name().to_owned()));
        names.sort_unstable();
        names.dedup();
        names
    }

    /// How a function is called and what it gives; with EXTENDED also its arguments and examples.
    pub(super) fn described_function(&self, name: &str, extended: bool) -> Result<Vec<String>, Diagnostic> {
        let state = &self.state;
        let scalar = state.scalar_functions().get(name).map(|function| function.documentation());
        let aggregate = || state.aggregate_functions().get(name).map(|function| function.documentation());
        let window = || state.window_functions().get(name).map(|function| function.documentation());
        let lambda = || state.higher_order_functions().get(name).map(|function| function.documentation());
        let table = table_function(self.source.dialect, name).map(|function| function.documentation());
        let found = scalar.or_else(aggregate).or_else(window).or_else(lambda);
        let Some(documentation) = found.or_else(|| table.as_ref().map(Some)) else {
            return Ok(vec![format!("Function '{name}' does not exist.")]);
        };
        let Some(documentation) = documentation else {
            return Ok(vec![format!("There is no documentation for function '{name}'")]);
        };
        let description = documentation.description.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut lines = vec![format!("{} - {}", documentation.syntax_example, description.trim_end_matches('.'))];
        if extended {
            lines.extend(more(documentation));
        }
        Ok(lines)
    }
}

fn more(documentation: &Documentation) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(others) = &documentation.alternative_syntax {
        lines.push(format!("Synonyms: {}", others.join(", ")));
    }
    for (name, text) in documentation.arguments.iter().flatten() {
        lines.push(format!("{name}: {}", text.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    if let Some(example) = &documentation.sql_example {
        lines.push("Example:".to_owned());
        lines.extend(example.lines().filter(|line| !line.starts_with("```")).map(|line| format!("  {line}")));
    }
    lines
}
