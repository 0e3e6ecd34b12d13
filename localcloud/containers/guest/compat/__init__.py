"""The modules of AWS's images that users' scripts import: what AWS's samples and tutorials use of them.

The folder is on the module path of the processes of framework images, after the installed packages: the real ones
win where there are any.
"""
