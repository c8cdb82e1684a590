//! Tells Valgrind's memcheck, where it runs, what of a stack may be read and written: it takes what lies below the
//! stack's pointer as not accessible. Elsewhere this is some instructions that do nothing.

/// These bytes hold something.
#[cfg(target_arch = "x86_64")]
pub(super) fn is_readable(at: usize, bytes: usize) {
    /// `VALGRIND_MAKE_MEM_DEFINED` (Valgrind's memcheck.h).
    const MAKE_MEM_DEFINED: usize = 0x4d43_0002;
    let request = [MAKE_MEM_DEFINED, at, bytes, 0, 0, 0];
    // SAFETY: rotations by 128 bits in all and an exchange of a register with itself (Valgrind's valgrind.h).
    unsafe {
        std::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            inout("rdx") 0usize => _,
            in("rax") request.as_ptr(),
            options(nostack),
        );
    }
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn is_readable(_: usize, _: usize) {}
