# gluster_plugin(NAME SOURCE... [LIBRARIES LIBRARY...]): a plugin that import_functions takes, libNAME.so.
# Optimised for this machine's CPU, with OpenMP; nothing is exported but its manifest.
function(gluster_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 plugin "" "" "LIBRARIES")
  add_library(${name} MODULE ${plugin_UNPARSED_ARGUMENTS})
  set_target_properties(${name} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_compile_options(${name} PRIVATE -O3 -march=native $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  target_link_libraries(${name} PRIVATE Gluster::plugin ${plugin_LIBRARIES})
endfunction()
