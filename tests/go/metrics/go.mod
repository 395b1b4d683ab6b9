module metricnames

go 1.23
