.PHONY: test lint wasm bench products compare ladder calibrate notebooks

test: ## all tests
	go test ./...

lint: ## format, vet, staticcheck
	@test -z "$$(git ls-files '*.go' | xargs gofmt -l | tee /dev/stderr)"
	go vet ./...
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

wasm: ## generation for a browser, .build/generate.wasm (train -export-page makes a page of a run)
	GOOS=js GOARCH=wasm go build -tags browser -ldflags "-s -w" -o .build/generate.wasm ./generation/browser/worker

bench: ## benchmarks of kernels, then of layers against Gorgonia's ops
	go test -run XXX -bench . -benchtime 0.5s ./internal/kernel/...
	go test -run XXX -bench . -benchtime 0.5s -count 3 ./bench | go run ./bench/ratios

products: ## speed of matrix products on every tier at every precision
	go run ./bench/products

compare: ## speed of training and generation against PyTorch (needs Debian's python3-torch)
	go run ./bench/compare

ladder: ## n-gram, RNN, LSTM and GPT with the same time limit (tiny Shakespeare)
	go run ./cmd/train -out runs/ladder -sweep config=configs/ladder-ngram.toml,configs/ladder-rnn.toml,configs/ladder-lstm.toml,configs/ladder-gpt.toml

calibrate: ## how often a comparison of runs is wrong (minutes)
	go run ./bench/calibrate

notebooks: ## execute all notebooks, without a browser (needs Debian's jupyter-nbconvert)
	notebooks/run.sh
