// A call of Python changes nothing that a later call meets, whatever it does to its process or to the one that forks it.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "steps.hpp"

using namespace noetl::support;
using namespace noetl::security;
using namespace std::chrono_literals;

namespace {

const char* const victim = R"(
import builtins, resource, signal, socket, time
names = sys.modules['__main__']
result = {'balance': 5, 'len': len([1, 2]), 'dumps': json.dumps({'a': 1}), 'loads': json.loads('[1]'), 'umask': os.umask(0o22),
          'files': resource.getrlimit(resource.RLIMIT_NOFILE), 'timeout': socket.getdefaulttimeout(), 'zone': time.tzname,
          'TZ': os.environ.get('TZ'), 'term': str(signal.getsignal(signal.SIGTERM)), 'nice': os.getpriority(os.PRIO_PROCESS, 0),
          'run': names.run.__code__.co_filename == names.encode.__code__.co_filename, 'cwd': os.getcwd(), 'marks': hasattr(builtins, 'mark')}
)";

const char* const poison = R"(
import builtins, resource, signal, socket, time
names = sys.modules['__main__']
def run(request):
  return {'balance': 1000000}
names.run = run
names.answer = lambda *given: (1, b'"poisoned"')
names.encode = lambda value: b'"poisoned"'
json.dumps = lambda *given, **named: '"poisoned"'
json.loads = lambda *given, **named: ['poisoned']
builtins.mark = 1
builtins.len = lambda value: 42
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.alarm(2)
signal.setitimer(signal.ITIMER_REAL, 2)
os.umask(0o777)
os.chdir('/tmp')
resource.setrlimit(resource.RLIMIT_NOFILE, (10, 10))
socket.setdefaulttimeout(0.001)
os.environ['TZ'] = 'Asia/Tokyo'
time.tzset()
os.nice(3)
result = 1
)";

Json answer_of(const Stack& stack, const std::string& code) {
  const Json ended = run(stack, python(code));
  INFO(ended.dump());
  CHECK(ended.at("status") == "done");
  return ended.at("result");
}

}  // namespace

TEST_CASE("24 calls that replace what they find change nothing of the calls after them") {
  Stack stack(StackSettings{.workers = 0, .worker_slots = 4, .env = {}});
  stack.start_worker({{"NOETL_PYTHON_PROCESSES", "1"}, {"NOETL_PYTHON_PROCESSES_MAX", "2"}});
  const Json clean = answer_of(stack, victim);
  REQUIRE(clean.at("balance") == 5);

  for (int i = 0; i < 24; ++i) (void)run(stack, python(poison));

  for (int i = 0; i < 8; ++i) CHECK(answer_of(stack, victim) == clean);
  // The alarms of the poisoned ones would come now.
  for (int i = 0; i < 4; ++i) CHECK(answer_of(stack, "import time\ntime.sleep(0.6)\nresult = 2") == 2);
}

TEST_CASE("a call reads and changes nothing of the process that forks it, nor of a call beside it") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  const auto worker =
      worker_of_step_user(stack, {{"NOETL_PYTHON_PROCESSES", "1"}, {"NOETL_PYTHON_PROCESSES_MAX", "1"}});
  const Json clean = answer_of(stack, victim);
  const std::string look = R"(
opened = []
for name in ('mem', 'environ', 'maps', 'fd/3', 'fd/4'):
  try:
    open('/proc/%d/%s' % (os.getppid(), name), 'rb').close()
    opened.append(name)
  except OSError:
    pass
result = [opened, sorted(int(fd) for fd in os.listdir('/proc/self/fd'))[:4]]
)";

  CHECK(answer_of(stack, look) == Json{Json::array(), {0, 1, 2, 3}});
  CHECK(answer_of(stack,
                  "import resource\nresource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (7, 7))\nresult = 1") == 1);
  CHECK(answer_of(stack, victim) == clean);
  CHECK(answer_of(
            stack,
            "os.setpriority(os.PRIO_PROCESS, os.getppid(), 7)\nos.sched_setaffinity(os.getppid(), {0})\nresult = 1") ==
        1);
  CHECK(answer_of(stack, victim) == clean);
}

TEST_CASE("a worker whose setting python-reuse is on keeps interpreters, as its operator chose") {
  Stack stack(StackSettings{.workers = 0, .worker_slots = 1, .env = {}});
  stack.start_worker(
      {{"NOETL_PYTHON_REUSE", "on"}, {"NOETL_PYTHON_PROCESSES", "1"}, {"NOETL_PYTHON_PROCESSES_MAX", "1"}});

  CHECK(answer_of(stack, "result = os.getpid()") == answer_of(stack, "result = os.getpid()"));
}
