//! The pages of docs/reference that tell of functions are what the functions say of themselves. With `MEAD_UPDATE=1` they are
//! written anew.

use std::path::Path;

use mead_engine::{Engine, EngineConfig};

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_is_what_the_functions_say() {
    let data = tempfile::tempdir().unwrap();
    let engine = Engine::open(EngineConfig::new(data.path())).await.unwrap();
    for (name, written) in
        [("functions.md", engine.function_reference()), ("hive-functions.md", engine.hive_function_reference())]
    {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference").join(name);
        if std::env::var_os("MEAD_UPDATE").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &written).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == written, "docs/reference/{name} is out of date: run `cargo xtask reference`");
    }
}
