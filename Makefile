.PHONY: test lint bench products compare notebooks

test: ## what the README runs
	go test ./...

lint: ## format, vet, staticcheck
	@test -z "$$(git ls-files '*.go' | xargs gofmt -l | tee /dev/stderr)"
	go vet ./...
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

bench: ## kernels, then layers beside Gorgonia's own ops
	go test -run XXX -bench . -benchtime 0.5s ./internal/kernel/...
	go test -run XXX -bench . -benchtime 0.5s -count 3 ./bench | go run ./bench/ratios

products: ## a table of matrix products: every tier and precision
	go run ./bench/products

compare: ## training and generation beside PyTorch, in one run (needs Debian's python3-torch)
	go run ./bench/compare

notebooks: ## execute all notebooks, without a browser (needs Debian's jupyter-nbconvert)
	notebooks/run.sh
