# Every third-party library, found once; folders name the targets in LINK:
#
#   spdlog::spdlog  OpenSSL::SSL  OpenSSL::Crypto  simdjson::simdjson  libzip::zip  PkgConfig::isal  curl_headers  llhttp
#   PkgConfig::nghttp2  CLI11::CLI11  PkgConfig::seccomp  mimalloc  benchmark::benchmark  GTest::gtest
#   PkgConfig::cbor (tests and fuzzers)
#
# and `DEPS asio` for Boost.Asio and Beast. docs/decisions/0002 and 0003 say what each is for.

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED CONFIG COMPONENTS headers)
find_package(OpenSSL 3.0 REQUIRED)
find_package(simdjson REQUIRED CONFIG)
find_package(spdlog REQUIRED CONFIG)
find_package(CLI11 REQUIRED CONFIG)
find_package(CURL REQUIRED)
find_package(mimalloc 2.0 REQUIRED CONFIG)
find_package(PkgConfig REQUIRED)
pkg_check_modules(isal REQUIRED IMPORTED_TARGET libisal)
pkg_check_modules(zip REQUIRED IMPORTED_TARGET libzip)  # its CMake config wants tools we do not install
# Debian's 1.52 has the limits of resets and of continuations that upstream has from 1.57 and 1.61 on.
pkg_check_modules(nghttp2 REQUIRED IMPORTED_TARGET libnghttp2>=1.52)
pkg_check_modules(seccomp REQUIRED IMPORTED_TARGET libseccomp)
if(PENSTOCK_TESTS)
  find_package(GTest REQUIRED CONFIG)
endif()
if(PENSTOCK_TESTS OR PENSTOCK_FUZZ)
  pkg_check_modules(cbor REQUIRED IMPORTED_TARGET libcbor)
endif()
if(PENSTOCK_BENCH)
  find_package(benchmark REQUIRED CONFIG)
endif()

# Debian has llhttp, the parser of HTTP heads of Node.js, as three files of C.
find_path(LLHTTP_INCLUDE_DIR llhttp.h PATHS /usr/share/include/llhttp NO_DEFAULT_PATH REQUIRED)
set(LLHTTP_SOURCE_DIR /usr/share/llhttp)
add_library(llhttp STATIC
  ${LLHTTP_SOURCE_DIR}/llhttp.c ${LLHTTP_SOURCE_DIR}/api.c ${LLHTTP_SOURCE_DIR}/http.c)
target_include_directories(llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE_DIR})
target_compile_definitions(llhttp PUBLIC LLHTTP_STRICT_MODE=1)
target_compile_options(llhttp PRIVATE -O2 -march=x86-64-v2 -w)

# libcurl is loaded when it is called (src/env/posix/curl_on_demand.cc): nothing links against it.
add_library(curl_headers INTERFACE)
target_include_directories(curl_headers SYSTEM INTERFACE ${CURL_INCLUDE_DIRS})
target_link_libraries(curl_headers INTERFACE ${CMAKE_DL_LIBS})

# The name its own CMake package would give it.
add_library(libzip::zip ALIAS PkgConfig::zip)

# Asio and Beast, their non-template halves compiled once. The definitions are PUBLIC because one
# translation unit without them is an ODR violation that links silently. Asio waits with epoll.
# It keeps the frames of coroutines that ended for the next ones: as many as a request is deep.
add_library(penstock_asio STATIC
  ${PROJECT_SOURCE_DIR}/cmake/shims/asio_src.cc
  ${PROJECT_SOURCE_DIR}/cmake/shims/beast_src.cc)
target_compile_definitions(penstock_asio PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=16)
target_link_libraries(penstock_asio PUBLIC
  penstock_options Boost::headers Threads::Threads)
