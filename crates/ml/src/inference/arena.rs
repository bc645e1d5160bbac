//! ONNX Runtime's arena, with a limit: what a model's file makes the runtime ask for is not known before it runs.
//!
//! An operator may make a tensor of a size that was computed, so no look at the file can bound it. All sessions share one
//! arena, registered with the environment, which refuses what would take it past its limit.

use std::ptr;

use ort::AsPointer;
use ort::environment::Environment;
use ort::sys::{OrtAllocatorType, OrtMemType};

use super::runtime::runtime_error;
use crate::Error;

/// The runtime's `kSameAsRequested`: the arena grows by what is asked for, not to the next power of two.
const GROW_AS_REQUESTED: i32 = 1;

/// The runtime's own choice for the sizes of chunks.
const DEFAULT: i32 = -1;

/// Makes the arena that sessions with `session.use_env_allocators` share. Once an environment.
pub(super) fn register(environment: &Environment, bytes_max: usize) -> Result<(), Error> {
    let api = ort::api();
    let check = |status| {
        // SAFETY: the status is what one of the runtime's functions gave, and is looked at once.
        unsafe { ort::Error::result_from_status(status) }.map_err(runtime_error)
    };
    let (mut info, mut config) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: the pointers to be set outlive the calls; what was made is released once, whatever the calls gave, and the
    // runtime keeps neither of the two. It does change the environment, under a lock of its own.
    unsafe {
        let arena = OrtAllocatorType::OrtArenaAllocator;
        let made = check((api.CreateCpuMemoryInfo)(arena, OrtMemType::OrtMemTypeDefault, &mut info))
            .and_then(|()| check((api.CreateArenaCfg)(bytes_max, GROW_AS_REQUESTED, DEFAULT, DEFAULT, &mut config)))
            .and_then(|()| check((api.CreateAndRegisterAllocator)(environment.ptr().cast_mut(), info, config)));
        (api.ReleaseArenaCfg)(config);
        (api.ReleaseMemoryInfo)(info);
        made
    }
}
