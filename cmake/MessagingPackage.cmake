# The messaging library for other programs, as CMake package noetl-messaging. It is no part of the Debian package:
#   cmake --build build/release --target noetl_messaging_checkpoints && cmake --install build/release --component noetl-messaging --prefix …
include(CMakePackageConfigHelpers)

set(MESSAGING_LIBRARIES noetl_base noetl_base_text noetl_nats_traffic noetl_nats noetl_nats_requests noetl_messaging noetl_messaging_checkpoints)
set(MESSAGING_INCLUDE ${CMAKE_INSTALL_INCLUDEDIR}/noetl-messaging)
set(MESSAGING_CMAKE ${CMAKE_INSTALL_LIBDIR}/cmake/noetl-messaging)

install(TARGETS ${MESSAGING_LIBRARIES} EXPORT noetl-messaging
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/noetl-messaging COMPONENT noetl-messaging EXCLUDE_FROM_ALL
  INCLUDES DESTINATION ${MESSAGING_INCLUDE})
foreach(folder shared/base shared/nats shared/messaging)
  install(DIRECTORY ${folder} DESTINATION ${MESSAGING_INCLUDE}/shared COMPONENT noetl-messaging EXCLUDE_FROM_ALL
    FILES_MATCHING PATTERN "*.hpp")
endforeach()

# One header for all of it.
file(GLOB MESSAGING_HEADERS RELATIVE ${CMAKE_SOURCE_DIR} CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/shared/messaging/*.hpp ${CMAKE_SOURCE_DIR}/shared/messaging/checkpoints/*.hpp)
list(TRANSFORM MESSAGING_HEADERS REPLACE "(.+)" "#include \"\\1\"\n")
string(CONCAT MESSAGING_HEADERS "#pragma once\n" ${MESSAGING_HEADERS})
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/generated/messaging.hpp CONTENT "${MESSAGING_HEADERS}")
install(FILES ${CMAKE_BINARY_DIR}/generated/messaging.hpp DESTINATION ${MESSAGING_INCLUDE}/noetl COMPONENT noetl-messaging EXCLUDE_FROM_ALL)

configure_package_config_file(cmake/noetl-messaging-config.cmake.in ${CMAKE_BINARY_DIR}/generated/noetl-messaging-config.cmake
  INSTALL_DESTINATION ${MESSAGING_CMAKE})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/generated/noetl-messaging-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/generated/noetl-messaging-config.cmake ${CMAKE_BINARY_DIR}/generated/noetl-messaging-config-version.cmake
  DESTINATION ${MESSAGING_CMAKE} COMPONENT noetl-messaging EXCLUDE_FROM_ALL)
install(EXPORT noetl-messaging FILE noetl-messaging-targets.cmake NAMESPACE noetl:: DESTINATION ${MESSAGING_CMAKE}
  COMPONENT noetl-messaging EXCLUDE_FROM_ALL)
