//! The rows of a cursor WITH HOLD once its transaction has ended: computed, and kept in memory or, beyond a little, in a file.

use std::collections::VecDeque;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::error::Result as DataFusionResult;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, SpillMetrics};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{SpillManager, spill::get_record_batch_memory_size};
use futures::{StreamExt, stream};
use mead_common::Diagnostic;

use crate::error::diagnostic_of;

/// What the rows of one cursor may take of the pool's memory, as PostgreSQL's `work_mem`.
const HELD_BYTES_MAX: usize = 4 << 20;

/// Batches in memory, with the room they take.
struct Held {
    batches: VecDeque<RecordBatch>,
    memory: MemoryReservation,
}

/// Reads `rows` to the end. Gives them again, `ahead` first. Fails as the query does, or where neither memory nor disk has
/// room (53200, 53100).
pub(super) async fn hold(
    mut rows: SendableRecordBatchStream,
    ahead: VecDeque<RecordBatch>,
    environment: Arc<RuntimeEnv>,
) -> Result<SendableRecordBatchStream, Diagnostic> {
    let schema = rows.schema();
    let memory = MemoryConsumer::new("a cursor WITH HOLD").with_can_spill(true).register(&environment.memory_pool);
    let mut held = Held { batches: VecDeque::new(), memory };
    let metrics = SpillMetrics::new(&ExecutionPlanMetricsSet::new(), 0);
    let spills = SpillManager::new(environment, metrics, Arc::clone(&schema));
    let mut file = None;
    let mut ahead = ahead.into_iter();
    loop {
        let batch = match ahead.next() {
            Some(batch) => batch,
            None => match rows.next().await {
                Some(batch) => batch.map_err(|error| diagnostic_of(&error))?,
                None => break,
            },
        };
        let bytes = get_record_batch_memory_size(&batch);
        let room = file.is_none() && held.memory.size() + bytes <= HELD_BYTES_MAX;
        if room && held.memory.try_grow(bytes).is_ok() {
            held.batches.push_back(batch);
            continue;
        }
        let file = match &mut file {
            Some(file) => file,
            None => file
                .insert(spills.create_in_progress_file("a cursor WITH HOLD").map_err(|error| diagnostic_of(&error))?),
        };
        file.append_batch(&batch).map_err(|error| diagnostic_of(&error))?;
    }
    drop(rows);
    let in_memory = stream::unfold(held, |mut held| async move {
        let batch = held.batches.pop_front()?;
        held.memory.shrink(get_record_batch_memory_size(&batch).min(held.memory.size()));
        Some((DataFusionResult::Ok(batch), held))
    });
    let written = match file {
        Some(mut file) => file.finish().map_err(|error| diagnostic_of(&error))?,
        None => None,
    };
    Ok(match written {
        None => Box::pin(RecordBatchStreamAdapter::new(schema, in_memory)),
        Some(file) => {
            let on_disk = spills.read_spill_as_stream_unbuffered(file, None).map_err(|error| diagnostic_of(&error))?;
            Box::pin(RecordBatchStreamAdapter::new(schema, in_memory.chain(on_disk)))
        }
    })
}
