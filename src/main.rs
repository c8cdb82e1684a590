//! The capsim command: parse, run, exit code.

fn main() -> std::process::ExitCode {
    capsim::cli::main()
}
