// The same for Asio's TLS streams over OpenSSL.
#include <boost/asio/ssl/impl/src.hpp>
