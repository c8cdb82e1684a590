//! The capsim command: parse, run, exit code.

/// It asks the kernel for huge pages, which glibc's allocator does only by a tunable: with thousands of VUs of a script,
/// whose memory fits no cache, looking up pages took a fifth of the time.
#[cfg(feature = "scripts")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    capsim::cli::main()
}
