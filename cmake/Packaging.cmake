# What `cmake --install` puts where, and the Debian package that CPack makes of it: programs, systemd units, the settings that
# these read, a user. The image is made of the same package (deploy/Dockerfile):
#   cmake --build build/release --target noetl-server noetl-worker noetlctl && (cd build/release && cpack -G DEB)
include(GNUInstallDirs)

# Who packages has built the three programs; tests and benchmarks need not exist.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

install(TARGETS noetl-server noetl-worker noetlctl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES deploy/systemd/noetl-server.service deploy/systemd/noetl-worker@.service DESTINATION lib/systemd/system)
install(FILES deploy/systemd/noetl.sysusers DESTINATION lib/sysusers.d RENAME noetl.conf)
# They hold passwords: for root and the group of the programs alone; the group is given by postinst, when it exists.
install(FILES deploy/systemd/server.env deploy/systemd/worker.env DESTINATION /etc/noetl
  PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/noetl RENAME copyright)

set(CPACK_PACKAGE_NAME noetl)
set(CPACK_PACKAGE_VENDOR noetl-cpp)
set(CPACK_PACKAGE_CONTACT "noetl-cpp <noetl@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Durable work queue and playbook runner on Postgres and NATS JetStream")
set(CPACK_PACKAGE_DESCRIPTION "Server, worker and command line of noetl: playbooks and a plain work queue whose truth is in Postgres,\nwith JetStream for notifications. Workers lease commands, run tools (python, http, postgres, shell and more) and report.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_GENERATOR DEB)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
# The libraries that the programs were linked with, by dpkg-shlibdeps (package dpkg-dev).
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "python3, postgresql, nats-server")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/deploy/debian/conffiles ${CMAKE_SOURCE_DIR}/deploy/debian/postinst
  ${CMAKE_SOURCE_DIR}/deploy/debian/prerm ${CMAKE_SOURCE_DIR}/deploy/debian/postrm)
include(CPack)
