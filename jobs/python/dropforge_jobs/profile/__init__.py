"""What a data set looks like, before money is spent on it: figures, plots, and what is wrong with it."""  # noqa: A005

from dropforge_jobs.profile.compute import profile_table
from dropforge_jobs.profile.settings import Profile, ProfileSettings

__all__ = ["Profile", "ProfileSettings", "profile_table"]
