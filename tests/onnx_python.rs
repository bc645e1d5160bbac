//! A model that was trained and exported here, run by ONNX Runtime in Python on the same images: the same probabilities.
//!
//! Runs where python3 can import onnxruntime and numpy, or where a venv with them can be made below the user's cache.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Server, connect};

/// The largest difference of a probability.
const TOLERANCE: f64 = 1e-5;

const SCRIPT: &str = r#"
import json, sys
import numpy as np
import onnxruntime
model, images = sys.argv[1:]
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
entry = session.get_inputs()[0]
data = np.array(json.load(open(images)), dtype=np.float32)
data = data.reshape([len(data)] + [int(size) for size in entry.shape[1:]])
names = [output.name for output in session.get_outputs()]
outputs = session.run(names, {entry.name: data})
widest = [output for output in outputs if output.ndim == 2 and output.dtype == np.float32][-1]
print(json.dumps(widest.astype(float).tolist()))
"#;

/// A Python that has onnxruntime and numpy; `None`, said aloud, where there is none and none can be had.
fn python() -> Option<PathBuf> {
    let works = |python: &Path| {
        let output = Command::new(python).args(["-c", "import numpy, onnxruntime"]).output();
        output.is_ok_and(|output| output.status.success())
    };
    let named = std::env::var_os("MEAD_TEST_PYTHON").map(PathBuf::from);
    let system = named.unwrap_or_else(|| PathBuf::from("python3"));
    if works(&system) {
        return Some(system);
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))?;
    let venv = cache.join("mead/python");
    let python = venv.join("bin/python");
    if works(&python) {
        return Some(python);
    }
    let made = Command::new("python3").args(["-m", "venv"]).arg(&venv).status();
    let installed = made.is_ok_and(|status| status.success())
        && Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "onnxruntime", "numpy"])
            .status()
            .is_ok_and(|status| status.success());
    if installed && works(&python) {
        return Some(python);
    }
    eprintln!("SKIPPED: python3 cannot import onnxruntime and numpy, and pip could not install them");
    None
}

#[tokio::test]
async fn python_gives_the_same_probabilities() {
    let Some(python) = python() else { return };
    let server = Server::start();
    let client = connect(server.address).await;
    client
        .run(
            "CREATE TABLE images AS SELECT x AS id, \
             IMAGE_RESIZE(ARRAY[x % 7, x % 5, x % 3, (x * x) % 11, x % 2, 1, x % 13, 3, x % 4], 12, 12) AS image, \
             'class ' || x % 4 AS label FROM generate_series(1, 240) AS g(x)",
        )
        .await;
    let networks = [
        // The Keras example's kinds of layers.
        "'conv2d(8, 3x3, relu)', 'maxpool(2x2)', 'conv2d(8, 3x3, relu)', 'flatten', 'dense(16, relu)', 'dense(4, softmax)'",
        // All the others.
        "'conv2d(6, 3x3, padding=same, stride=2)', 'batchnorm', 'gelu', 'conv2d(6, 2x2, tanh)', 'avgpool(2x2)', 'dropout(0.2)', \
         'elu', 'flatten', 'dense(8, sigmoid)', 'dense(8)', 'leaky_relu', 'dense(4, softmax)'",
        "'conv2d(6, 3x3, relu)', 'globalavgpool', 'dense(4, softmax)'",
    ];
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("images.json");
    let rows = client.query("SELECT image FROM images ORDER BY id", &[]).await.unwrap();
    let pixels: Vec<Vec<f32>> = rows.iter().map(|row| row.get(0)).collect();
    std::fs::write(&images, serde_json::to_string(&pixels).unwrap()).unwrap();
    for (number, layers) in networks.iter().enumerate() {
        let model = folder.path().join(format!("model{number}.onnx"));
        client
            .run(&format!(
                "CREATE MODEL model{number} AS SELECT TRAIN_CNN(image, label, layers => ARRAY[{layers}], \
                 input_shape => ARRAY[12, 12, 1], epochs => 3, seed => 7) FROM images; \
                 EXPORT MODEL model{number} TO '{}'",
                model.display()
            ))
            .await;
        let sql = format!("SELECT PREDICT_PROBA('model{number}', image) FROM images ORDER BY id");
        let here: Vec<Vec<f32>> = client.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        let output = Command::new(&python).args(["-c", SCRIPT]).arg(&model).arg(&images).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let there: Vec<Vec<f64>> = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(here.len(), there.len());
        let pairs = here.iter().flatten().zip(there.iter().flatten());
        let worst = pairs.map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
        println!("network {number}: largest difference {worst:e}");
        assert!(worst <= TOLERANCE, "network {number}: {worst}");
        assert!(here.iter().all(|row| row.len() == 4 && (row.iter().sum::<f32>() - 1.0).abs() < 1e-4));
    }
}
