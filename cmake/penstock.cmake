# How every target of Penstock is compiled, and the functions that folders call to declare theirs.
#
#   penstock_library(<name> [DEPS other folders] [LINK imported targets])   in src/<folder>/
#   penstock_executable(<target> <output name> [DEPS ...] [LINK ...])       in src/server/
#   penstock_test(<name> [DEPS ...] [LINK ...])                             in tests/<kind>/...
#   penstock_benchmark(<name> [DEPS ...] [LINK ...])                        in bench/...
#   penstock_fuzzer(<name> [DEPS ...] [LINK ...])                           in fuzz/
#   penstock_embed(<folder> <name> <file>...)                               after penstock_library
#
# Folders are found by their CMakeLists.txt and may come in any order: DEPS are names, and they are
# checked once everything has been read. A name with a slash (engine/local) becomes penstock_engine_local.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR "gcc before 13 miscompiles coroutines; use Clang 19 (cmake --preset dev).")
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_CXX_FLAGS_DEV "-O0 -g1")
set(CMAKE_CXX_FLAGS_SAN "-O1 -g1 -fno-omit-frame-pointer")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")  # no -DNDEBUG: our checks stay on

option(PENSTOCK_TESTS "Build tests/." OFF)
option(PENSTOCK_BENCH "Declare bench/ (built by the target penstock_benchmarks)." OFF)
option(PENSTOCK_FUZZ "Build fuzz/ with libFuzzer; needs fuzzer-no-link in PENSTOCK_SANITIZE." OFF)
option(PENSTOCK_PCH "Share one precompiled header of std headers." OFF)
option(PENSTOCK_LTO "ThinLTO." OFF)
option(PENSTOCK_COVERAGE "Clang's source-based coverage." OFF)
option(PENSTOCK_ASSERTIONS "Checked std containers (_GLIBCXX_ASSERTIONS, ABI-neutral)." OFF)
set(PENSTOCK_SANITIZE "" CACHE STRING "What -fsanitize= gets, for compiling and linking.")

add_library(penstock_options INTERFACE)
target_include_directories(penstock_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_options(penstock_options INTERFACE
  -march=x86-64-v2
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}/= -fdiagnostics-absolute-paths
  -Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor -Wno-missing-designated-field-initializers -Werror)
if(PENSTOCK_ASSERTIONS)
  target_compile_definitions(penstock_options INTERFACE _GLIBCXX_ASSERTIONS)
endif()
if(PENSTOCK_SANITIZE)
  target_compile_options(penstock_options INTERFACE
    -fsanitize=${PENSTOCK_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(penstock_options INTERFACE -fsanitize=${PENSTOCK_SANITIZE})
endif()
if(PENSTOCK_COVERAGE)
  target_compile_options(penstock_options INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(penstock_options INTERFACE -fprofile-instr-generate)
endif()
if(PENSTOCK_LTO)
  target_compile_options(penstock_options INTERFACE -flto=thin)
  target_link_options(penstock_options INTERFACE -flto=thin -Wl,--thinlto-jobs=2
    -Wl,--thinlto-cache-dir=${CMAKE_BINARY_DIR}/thinlto)
endif()

# One precompiled header of std headers, built once and used by every target. Asio stays out of it:
# files that do not need Asio would pay for it (docs/decisions/0004-build-layout.md).
if(PENSTOCK_PCH)
  add_library(penstock_pch OBJECT ${PROJECT_SOURCE_DIR}/cmake/shims/pch.cc)
  target_link_libraries(penstock_pch PRIVATE penstock_options)
  target_precompile_headers(penstock_pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/shims/pch.h)
  # ccache can only reuse objects built with a PCH when the PCH holds no time stamp.
  target_compile_options(penstock_pch PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
endif()

function(penstock_use_pch target)
  if(PENSTOCK_PCH)
    target_precompile_headers(${target} REUSE_FROM penstock_pch)
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()

# Target names of folders: "engine/local" -> penstock_engine_local. Also notes them for the check below.
function(penstock_targets_of out asked_by)
  set(targets "")
  foreach(name IN LISTS ARGN)
    string(REPLACE "/" "_" target "penstock_${name}")
    list(APPEND targets ${target})
    set_property(GLOBAL APPEND PROPERTY PENSTOCK_ASKED "${target}|${asked_by}")
  endforeach()
  set(${out} "${targets}" PARENT_SCOPE)
endfunction()

# Run after all folders have been read: a DEPS name nobody defined would otherwise end as a
# puzzling "cannot find -lpenstock_x" from the linker.
function(penstock_check_deps)
  get_property(asked GLOBAL PROPERTY PENSTOCK_ASKED)
  foreach(pair IN LISTS asked)
    string(REGEX REPLACE "\\|.*" "" target "${pair}")
    string(REGEX REPLACE ".*\\|" "" asked_by "${pair}")
    if(NOT TARGET ${target})
      message(FATAL_ERROR "${asked_by} names ${target} in DEPS, but no CMakeLists.txt defines it.")
    endif()
  endforeach()
endfunction()

function(penstock_library name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "DEPS;LINK")
  string(REPLACE "/" "_" target "penstock_${name}")
  penstock_targets_of(deps ${target} ${ARG_DEPS})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(sources)
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
    penstock_use_pch(${target})
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_link_libraries(${target} ${scope} penstock_options ${deps} ${ARG_LINK})
  # tests/support is included as "support/x.h"; cli and producer by their own name or their include/.
  if(CMAKE_CURRENT_SOURCE_DIR MATCHES "^${PROJECT_SOURCE_DIR}/tests/")
    target_include_directories(${target} ${scope} ${PROJECT_SOURCE_DIR}/tests)
  elseif(NOT CMAKE_CURRENT_SOURCE_DIR MATCHES "^${PROJECT_SOURCE_DIR}/src/")
    target_include_directories(${target} ${scope} ${PROJECT_SOURCE_DIR})
  endif()
  if(IS_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/include)
    target_include_directories(${target} ${scope} ${CMAKE_CURRENT_SOURCE_DIR}/include)
  endif()
endfunction()

# Compiles files into a folder's library. #include "embedded/<name>.h" declares, in penstock::embedded,
# <name>(file name) -> std::string_view. The folder needs at least one .cc of its own.
function(penstock_embed folder name)
  string(REPLACE "/" "_" target "penstock_${folder}")
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE files)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/generated/embedded)
  file(MAKE_DIRECTORY ${out})
  add_custom_command(
    OUTPUT ${out}/${name}.h ${out}/${name}.cc
    COMMAND ${PROJECT_SOURCE_DIR}/tools/embed
      ${name} ${out}/${name}.h ${out}/${name}.cc ${CMAKE_CURRENT_SOURCE_DIR} ${files}
    DEPENDS ${files} ${PROJECT_SOURCE_DIR}/tools/embed
    VERBATIM)
  target_sources(${target} PRIVATE ${out}/${name}.cc ${out}/${name}.h)
  target_include_directories(${target} PUBLIC ${CMAKE_CURRENT_BINARY_DIR}/generated)
endfunction()

# A program at build/<preset>/<output name>, from the *.cc of this folder.
function(penstock_executable target output)
  cmake_parse_arguments(PARSE_ARGV 2 ARG "" "" "DEPS;LINK")
  penstock_targets_of(deps ${target} ${ARG_DEPS})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  add_executable(${target} ${sources})
  target_link_libraries(${target} PRIVATE penstock_options ${deps} ${ARG_LINK})
  penstock_use_pch(${target})
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${output} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()

# One gtest program per folder, named <kind>_<name>_test (kind: the folder below tests/, also the
# ctest label). Discovery happens when ctest starts, so that a crash is a failed test, not a failed build.
function(penstock_test name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "TIMEOUT" "DEPS;LINK")
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  string(REPLACE "/" "_" target "${name}")
  file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR}/tests ${CMAKE_CURRENT_SOURCE_DIR})
  string(REGEX REPLACE "/.*" "" kind "${path}")
  set(target ${kind}_${target}_test)
  penstock_targets_of(deps ${target} ${ARG_DEPS} test_support)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${target} ${sources})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${target} PRIVATE
    penstock_options ${deps} ${ARG_LINK} GTest::gtest GTest::gtest_main)
  penstock_use_pch(${target})
  gtest_discover_tests(${target}
    DISCOVERY_MODE PRE_TEST
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    PROPERTIES LABELS ${kind} TIMEOUT ${ARG_TIMEOUT})
endfunction()

# A google-benchmark program build/<preset>/bench/<name>_bench, built by `penstock_benchmarks` only.
function(penstock_benchmark name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "DEPS;LINK")
  string(REPLACE "/" "_" target "${name}_bench")
  penstock_targets_of(deps ${target} ${ARG_DEPS})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${target} EXCLUDE_FROM_ALL ${sources})
  target_link_libraries(${target} PRIVATE
    penstock_options ${deps} ${ARG_LINK} benchmark::benchmark benchmark::benchmark_main)
  penstock_use_pch(${target})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  add_dependencies(penstock_benchmarks ${target})
endfunction()

# fuzz/<name>.cc. In the preset fuzz a libFuzzer program build/fuzz/<name>_fuzzer, elsewhere
# fuzz_<name>_test, which runs the inputs of fuzz/corpus/ and fuzz/findings/ once (label fuzz).
function(penstock_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "DEPS;LINK")
  if(PENSTOCK_FUZZ)
    set(target ${name}_fuzzer)
    set(main "")
  else()
    set(target fuzz_${name}_test)
    set(main ${CMAKE_CURRENT_SOURCE_DIR}/support/replay.cc)
  endif()
  penstock_targets_of(deps ${target} ${ARG_DEPS} test_support)
  add_executable(${target} ${CMAKE_CURRENT_SOURCE_DIR}/${name}.cc ${main})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${target} PRIVATE penstock_options ${deps} ${ARG_LINK})
  penstock_use_pch(${target})
  if(PENSTOCK_FUZZ)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
  else()
    add_test(NAME fuzz_${name} COMMAND ${target}
      ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name}.txt ${CMAKE_CURRENT_SOURCE_DIR}/findings/${name}.txt)
    set_tests_properties(fuzz_${name} PROPERTIES LABELS fuzz TIMEOUT 120)
  endif()
endfunction()

# Adds every folder below `root` that has a CMakeLists.txt, up to four levels down.
function(penstock_add_folders root)
  set(base ${PROJECT_SOURCE_DIR}/${root})
  file(GLOB lists CONFIGURE_DEPENDS
    ${base}/CMakeLists.txt ${base}/*/CMakeLists.txt ${base}/*/*/CMakeLists.txt
    ${base}/*/*/*/CMakeLists.txt)
  list(FILTER lists EXCLUDE REGEX "/(node_modules|target|build|venv)/")
  foreach(list IN LISTS lists)
    get_filename_component(folder ${list} DIRECTORY)
    add_subdirectory(${folder})
  endforeach()
endfunction()
