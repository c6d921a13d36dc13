module doorbench

go 1.19
