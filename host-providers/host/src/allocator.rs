//! The C library's allocator, kept from holding more than it serves.
//!
//! Compiling the components at a first start takes many times the memory of serving them, on many threads. Without these two calls
//! most of it stays with the process until it ends.

/// Has threads share arenas, as many as there are processors. The allocator's own limit is eight times that, and what is left in
/// each after compiling is lost to the others. To be called before threads are started.
#[allow(unsafe_code, reason = "a function of the C library; see the SAFETY comment")]
pub(crate) fn share_arenas() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let arenas = libc::c_int::try_from(processors).unwrap_or(libc::c_int::MAX);
        // SAFETY: `mallopt` takes the allocator's own locks and has no other preconditions; a value it does not take changes nothing.
        unsafe {
            libc::mallopt(libc::M_ARENA_MAX, arenas);
        }
    }
}

/// Returns what was freed to the system: the allocator would keep three times what serving takes.
#[allow(unsafe_code, reason = "a function of the C library; see the SAFETY comment")]
pub(crate) fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `malloc_trim` has no preconditions, takes the allocator's own locks, and touches free memory only.
    unsafe {
        libc::malloc_trim(0);
    }
}
