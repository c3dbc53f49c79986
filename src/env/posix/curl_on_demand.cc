// libcurl, loaded when it is first called. It brings thirty other libraries, and loading them takes
// as long as all the rest of the server's start; only functions that run elsewhere and the command
// line ever call it (docs/decisions/0027-libcurl-on-demand.md).
//
// What is not here does not link: add it when it is needed.

#include "env/posix/curl_on_demand.h"

#include "base/check.h"

#define CURL_DISABLE_TYPECHECK  // Makes macros of two functions that are defined here.
#include <curl/curl.h>

#include <cstdarg>
#include <dlfcn.h>

namespace {

void* libcurl() {
  static void* const library = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  return library;
}

template <class Function>
Function* real(const char* name) {
  PENSTOCK_CHECK(libcurl() != nullptr, "load_libcurl() was called before");
  auto* const found = reinterpret_cast<Function*>(::dlsym(libcurl(), name));
  PENSTOCK_CHECK(found != nullptr, "libcurl has the functions of its version 7.68");
  return found;
}

}  // namespace

namespace penstock::env::posix {

Status load_libcurl() {
  if (libcurl() != nullptr) return ok();
  return Error{Errc::kUnavailable,
               "libcurl.so.4 cannot be loaded; functions that run elsewhere and the command line "
               "need it (Debian: libcurl4)"};
}

}  // namespace penstock::env::posix

// The last argument of the two with dots is a long, a curl_off_t or a pointer: one register of 64
// bits each. That the one before is an enumeration is libcurl's way.
static_assert(sizeof(long) == sizeof(void*) && sizeof(curl_off_t) == sizeof(void*));
#ifdef __clang__
#pragma clang diagnostic ignored "-Wvarargs"
#endif

#define PENSTOCK_REAL(name) static auto* const function = real<decltype(name)>(#name)

extern "C" {

CURLcode curl_global_init(long flags) {
  PENSTOCK_REAL(curl_global_init);
  return function(flags);
}
void curl_global_cleanup() {
  PENSTOCK_REAL(curl_global_cleanup);
  function();
}

CURL* curl_easy_init() {
  PENSTOCK_REAL(curl_easy_init);
  return function();
}
void curl_easy_cleanup(CURL* easy) {
  PENSTOCK_REAL(curl_easy_cleanup);
  function(easy);
}
void curl_easy_reset(CURL* easy) {
  PENSTOCK_REAL(curl_easy_reset);
  function(easy);
}
CURLcode curl_easy_perform(CURL* easy) {
  PENSTOCK_REAL(curl_easy_perform);
  return function(easy);
}
CURLcode curl_easy_setopt(CURL* easy, CURLoption option, ...) {
  PENSTOCK_REAL(curl_easy_setopt);
  std::va_list rest;
  va_start(rest, option);
  void* const value = va_arg(rest, void*);
  va_end(rest);
  return function(easy, option, value);
}
CURLcode curl_easy_getinfo(CURL* easy, CURLINFO info, ...) {
  PENSTOCK_REAL(curl_easy_getinfo);
  std::va_list rest;
  va_start(rest, info);
  void* const into = va_arg(rest, void*);
  va_end(rest);
  return function(easy, info, into);
}
const char* curl_easy_strerror(CURLcode code) {
  PENSTOCK_REAL(curl_easy_strerror);
  return function(code);
}

curl_slist* curl_slist_append(curl_slist* list, const char* text) {
  PENSTOCK_REAL(curl_slist_append);
  return function(list, text);
}
void curl_slist_free_all(curl_slist* list) {
  PENSTOCK_REAL(curl_slist_free_all);
  function(list);
}

CURLM* curl_multi_init() {
  PENSTOCK_REAL(curl_multi_init);
  return function();
}
CURLMcode curl_multi_cleanup(CURLM* multi) {
  PENSTOCK_REAL(curl_multi_cleanup);
  return function(multi);
}
CURLMcode curl_multi_add_handle(CURLM* multi, CURL* easy) {
  PENSTOCK_REAL(curl_multi_add_handle);
  return function(multi, easy);
}
CURLMcode curl_multi_remove_handle(CURLM* multi, CURL* easy) {
  PENSTOCK_REAL(curl_multi_remove_handle);
  return function(multi, easy);
}
CURLMcode curl_multi_perform(CURLM* multi, int* running) {
  PENSTOCK_REAL(curl_multi_perform);
  return function(multi, running);
}
CURLMcode curl_multi_poll(CURLM* multi, curl_waitfd extra[], unsigned extra_count, int timeout_ms,
                          int* ready) {
  PENSTOCK_REAL(curl_multi_poll);
  return function(multi, extra, extra_count, timeout_ms, ready);
}
CURLMcode curl_multi_wakeup(CURLM* multi) {
  PENSTOCK_REAL(curl_multi_wakeup);
  return function(multi);
}
CURLMsg* curl_multi_info_read(CURLM* multi, int* left) {
  PENSTOCK_REAL(curl_multi_info_read);
  return function(multi, left);
}

}  // extern "C"
