#pragma once
#include <string>
#include <vector>

namespace gluster::command {

// Throws UsageError that names the first of them that nobody here knows: mpirun would tell it in ssh's words and a page of its own. Where mpirun reaches hosts by
// something else than ssh (OMPI_MCA_plm_rsh_agent, PRTE_MCA_plm_ssh_agent), that may know other names, and nothing is thrown.
void expect_known(const std::vector<std::string>& hosts);

}  // namespace gluster::command
