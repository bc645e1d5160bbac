//! The version of an ONNX Runtime library, asked of the library itself.

use std::ffi::{CStr, CString, c_char, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The first part of ONNX Runtime's C interface (`OrtApiBase` in onnxruntime_c_api.h), which has not changed since 1.0.
#[repr(C)]
struct ApiBase {
    get_api: *const c_void,
    get_version_string: Option<unsafe extern "C" fn() -> *const c_char>,
}

/// The version of the library at a path, or of the one that the system's loader finds under a name; the error is the
/// loader's word, or says that this is another library. The library stays loaded until the task ends.
pub(crate) fn version(path: &Path) -> Result<String, String> {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|error| error.to_string())?;
    // SAFETY: the path ends with a zero byte. Loading runs the library's initialisers: whoever named it wants it run.
    let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if handle.is_null() {
        return Err(loader_error());
    }
    // SAFETY: the handle is one that dlopen gave, the name ends with a zero byte.
    let symbol = unsafe { libc::dlsym(handle, c"OrtGetApiBase".as_ptr()) };
    if symbol.is_null() {
        return Err("it is not an ONNX Runtime library".to_owned());
    }
    // SAFETY: a function of this name has this type in every version of ONNX Runtime.
    let get_api_base = unsafe { std::mem::transmute::<*mut c_void, unsafe extern "C" fn() -> *const ApiBase>(symbol) };
    // SAFETY: it gives the address of a static, or nothing.
    let base = unsafe { get_api_base().as_ref() };
    let Some(get_version_string) = base.and_then(|base| base.get_version_string) else {
        return Err("its OrtGetApiBase gives nothing".to_owned());
    };
    // SAFETY: it gives a static string that ends with a zero byte.
    let text = unsafe { CStr::from_ptr(get_version_string()) };
    Ok(text.to_string_lossy().into_owned())
}

fn loader_error() -> String {
    // SAFETY: dlerror gives a string that stays as it is until this thread's next call to the loader, or null.
    let text = unsafe { libc::dlerror().as_ref().map(|first| CStr::from_ptr(first).to_string_lossy().into_owned()) };
    text.unwrap_or_else(|| "it could not be loaded".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_runtime_is_an_error() {
        assert!(version(Path::new("/nowhere/libonnxruntime.so")).unwrap_err().contains("nowhere"));
        assert_eq!(version(Path::new("libc.so.6")).unwrap_err(), "it is not an ONNX Runtime library");
    }
}
