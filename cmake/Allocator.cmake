# The programs allocate with jemalloc where it is installed: the server then spends half as much time per command, a
# worker a sixth less (bench/README.md). Sanitizers bring an allocator of their own.
find_library(JEMALLOC jemalloc)
mark_as_advanced(JEMALLOC)
if(JEMALLOC AND NOT NOETL_SANITIZE)
  foreach(program noetl-server noetl-worker noetlctl)
    # Nothing of ours names one of its symbols beyond malloc: keep it even where the linker drops what it can.
    target_link_libraries(${program} PRIVATE -Wl,--push-state,--no-as-needed,${JEMALLOC},--pop-state)
  endforeach()
endif()
