#pragma once
// The subcommands of noetlctl, one file each: every function adds one to the command line. Main thread.

namespace CLI {
class App;
}

namespace noetl::cli {

struct CommandLine;

void add_dev_command(CLI::App& app, CommandLine& line);  // dev
void add_server_command(CLI::App& app, CommandLine& line);  // server start
void add_worker_command(CLI::App& app, CommandLine& line);  // worker start|list|drain|deregister
void add_playbook_command(CLI::App& app,
                          CommandLine& line);  // playbook register|list|get|lint|schema, catalog …
void add_execute_command(CLI::App& app, CommandLine& line);  // execute, run
void add_execution_command(CLI::App& app, CommandLine& line);  // execution list|get|events|watch|cancel
void add_queue_command(CLI::App& app, CommandLine& line);  // queue status
void add_enqueue_command(CLI::App& app, CommandLine& line);  // command enqueue|get
void add_dead_command(CLI::App& app, CommandLine& line);  // dead list|groups|show|redrive|purge
void add_pool_command(CLI::App& app, CommandLine& line);  // pool list|get|set
void add_credential_command(CLI::App& app, CommandLine& line);  // credential put|get|list|allow|deny|delete|rotate
void add_variable_command(CLI::App& app, CommandLine& line);  // vars get|set|delete
void add_result_command(CLI::App& app, CommandLine& line);  // result get
void add_render_command(CLI::App& app, CommandLine& line);  // render
void add_keychain_command(CLI::App& app, CommandLine& line);  // keychain list|delete
void add_migrate_command(CLI::App& app, CommandLine& line);  // migrate up|status|sql
void add_doctor_command(CLI::App& app, CommandLine& line);  // doctor
void add_bench_command(CLI::App& app, CommandLine& line);  // bench enqueue|drain|execute|latency
void add_config_command(CLI::App& app, CommandLine& line);  // config, version
void add_completion_command(CLI::App& app, CommandLine& line);  // completion bash|zsh|fish

}  // namespace noetl::cli
