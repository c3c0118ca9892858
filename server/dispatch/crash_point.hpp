#pragma once
// crash_after_commit: where the chaos tests kill the server between commit and publish of what a client has handed in, when the
// environment has NOETL_TEST_CRASH_AFTER_COMMIT=1. Does nothing otherwise. Any thread.

namespace noetl::dispatch {
void crash_after_commit();
}  // namespace noetl::dispatch
