# Toolchain: Clang 19 with lld and the LLVM archivers (docs/decisions/0001-compiler.md says why).
# GNU ar cannot index ThinLTO objects, so the archivers are named too.
set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_AR llvm-ar-19 CACHE FILEPATH "")
set(CMAKE_RANLIB llvm-ranlib-19 CACHE FILEPATH "")
set(CMAKE_CXX_COMPILER_AR llvm-ar-19 CACHE FILEPATH "")
set(CMAKE_CXX_COMPILER_RANLIB llvm-ranlib-19 CACHE FILEPATH "")
set(CMAKE_C_COMPILER_AR llvm-ar-19 CACHE FILEPATH "")
set(CMAKE_C_COMPILER_RANLIB llvm-ranlib-19 CACHE FILEPATH "")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-fuse-ld=lld-19")
