#include "mpi/check.hpp"

#include <string_view>

#include <fmt/format.h>
#include <gluster/error.hpp>

namespace gluster::mpi {

void check(int code, const char* call, std::source_location where) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(code, text, &length);
  std::string_view file = where.file_name();
  throw Error(fmt::format("{} failed at {}:{}: {}", call, file.substr(file.rfind("src/") + 4), where.line(), text));
}

}  // namespace gluster::mpi
