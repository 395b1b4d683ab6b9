//! Go's netpoll.go and netpoll_epoll.go: the network poller.
