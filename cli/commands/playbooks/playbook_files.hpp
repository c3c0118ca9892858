#pragma once
// Which files arguments like FILE, FOLDER or - name, and what is done with each. Main thread.
#include <functional>
#include <string>
#include <vector>

#include "cli/session.hpp"
#include "shared/base/result.hpp"

namespace noetl::cli {

// Gives an exit code.
using PlaybookAct = std::function<base::Result<int>(const std::string& file, const std::string& text)>;

// `act` with the text of every file: the file itself (- is stdin), or every .yaml and .yml below a folder, in order. Goes on after an
// error, which it shows: a file that cannot be read, a folder with none or more than 10,000. The worst exit code.
[[nodiscard]] int for_each_playbook(const Session& session, const std::vector<std::string>& paths,
                                    const PlaybookAct& act);

}  // namespace noetl::cli
