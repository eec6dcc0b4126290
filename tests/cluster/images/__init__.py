"""Makes every image of the local cluster, without a registry.

catalog.py     which images there are, what each is made from, and whether its archive is still current
containers.py  buildah: the project's own Containerfiles, the same ones that a release uses
base.py        a stand-in for the public Python image, from Debian packages
wheels.py      the wheels that the Containerfiles install
previous.py    the same of the release before this one
archive.py     writes an image archive from a folder: for images that need no Containerfile
pause.c        the process that holds a pod's namespaces
"""
