module privateassistant.dev/bench/gateway

go 1.26
