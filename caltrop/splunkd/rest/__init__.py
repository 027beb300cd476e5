"""What endpoints are made of: routes, collections of objects, objects of conf files, queries of documents."""
