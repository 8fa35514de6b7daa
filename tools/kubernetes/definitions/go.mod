// Where the definitions of kinds come from: files of modules, of which nothing is compiled. Dapr's come from
// tools/dapr. A module of its own, since what these depend on is nobody's matter here.
module tools/kubernetes/definitions

go 1.24.0

// The oldest that the charts are to work with would be 1.30; this is what clusters have.
require k8s.io/kubernetes v1.33.13

require sigs.k8s.io/gateway-api v1.3.0

require github.com/prometheus-operator/prometheus-operator v0.85.0

require github.com/kedacore/keda/v2 v2.16.1
