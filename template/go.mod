module example.org/mine

go 1.26.0

require euryale v0.0.0

replace euryale => ../
