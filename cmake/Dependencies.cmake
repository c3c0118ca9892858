# Third-party libraries, all from the system's packages. A folder links the one it may use
# (docs/internals/architecture.md, "Libraries: who may include whom") and nothing links them all.
find_package(PkgConfig REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tl-expected REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(OpenSSL REQUIRED)
# Headers alone: the programs need no library of it where they run.
find_path(TOMLPLUSPLUS_INCLUDE_DIR toml++/toml.h REQUIRED)
# nats.c ships a CMake file that names a static library its package leaves out: pkg-config instead.
pkg_check_modules(libnats REQUIRED IMPORTED_TARGET libnats)
pkg_check_modules(libpqxx REQUIRED IMPORTED_TARGET libpqxx)
pkg_check_modules(libpq REQUIRED IMPORTED_TARGET libpq)
# The client of requests to peers that are not trusted: bounded, checked by address.
pkg_check_modules(libcurl REQUIRED IMPORTED_TARGET libcurl)
# cpp-httplib's own flags: they name the TLS and compression support that its .so was built with.
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
if(NOETL_TESTS)
  find_package(doctest REQUIRED)
endif()
